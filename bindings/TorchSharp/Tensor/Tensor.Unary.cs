namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor abs() => Aten.abs.Call(this);
        public Tensor abs_() => Aten.abs_.Mutate(this);
        public Tensor absolute() => Aten.absolute.Call(this);
        public Tensor absolute_() => Aten.absolute_.Mutate(this);
        public Tensor acos() => Aten.acos.Call(this);
        public Tensor acos_() => Aten.acos_.Mutate(this);
        public Tensor acosh() => Aten.acosh.Call(this);
        public Tensor acosh_() => Aten.acosh_.Mutate(this);
        public Tensor arccos() => Aten.arccos.Call(this);
        public Tensor arccos_() => Aten.arccos_.Mutate(this);
        public Tensor arccosh() => Aten.arccosh.Call(this);
        public Tensor arccosh_() => Aten.arccosh_.Mutate(this);
        public Tensor arcsin() => Aten.arcsin.Call(this);
        public Tensor arcsin_() => Aten.arcsin_.Mutate(this);
        public Tensor arcsinh() => Aten.arcsinh.Call(this);
        public Tensor arcsinh_() => Aten.arcsinh_.Mutate(this);
        public Tensor arctan() => Aten.arctan.Call(this);
        public Tensor arctan_() => Aten.arctan_.Mutate(this);
        public Tensor arctanh() => Aten.arctanh.Call(this);
        public Tensor arctanh_() => Aten.arctanh_.Mutate(this);
        public Tensor asin() => Aten.asin.Call(this);
        public Tensor asin_() => Aten.asin_.Mutate(this);
        public Tensor asinh() => Aten.asinh.Call(this);
        public Tensor asinh_() => Aten.asinh_.Mutate(this);
        public Tensor atan() => Aten.atan.Call(this);
        public Tensor atan_() => Aten.atan_.Mutate(this);
        public Tensor atanh() => Aten.atanh.Call(this);
        public Tensor atanh_() => Aten.atanh_.Mutate(this);
        public Tensor bitwise_not() => Aten.bitwise_not.Call(this);
        public Tensor bitwise_not_() => Aten.bitwise_not_.Mutate(this);
        public Tensor ceil() => Aten.ceil.Call(this);
        public Tensor ceil_() => Aten.ceil_.Mutate(this);
        public Tensor cos() => Aten.cos.Call(this);
        public Tensor cos_() => Aten.cos_.Mutate(this);
        public Tensor cosh() => Aten.cosh.Call(this);
        public Tensor cosh_() => Aten.cosh_.Mutate(this);
        public Tensor deg2rad() => Aten.deg2rad.Call(this);
        public Tensor deg2rad_() => Aten.deg2rad_.Mutate(this);
        public Tensor digamma() => Aten.digamma.Call(this);
        public Tensor digamma_() => Aten.digamma_.Mutate(this);
        public Tensor erf() => Aten.erf.Call(this);
        public Tensor erf_() => Aten.erf_.Mutate(this);
        public Tensor erfc() => Aten.erfc.Call(this);
        public Tensor erfc_() => Aten.erfc_.Mutate(this);
        public Tensor erfinv() => Aten.erfinv.Call(this);
        public Tensor erfinv_() => Aten.erfinv_.Mutate(this);
        public Tensor exp() => Aten.exp.Call(this);
        public Tensor exp_() => Aten.exp_.Mutate(this);
        public Tensor exp2() => Aten.exp2.Call(this);
        public Tensor exp2_() => Aten.exp2_.Mutate(this);
        public Tensor expm1() => Aten.expm1.Call(this);
        public Tensor expm1_() => Aten.expm1_.Mutate(this);
        public Tensor fix() => Aten.fix.Call(this);
        public Tensor fix_() => Aten.fix_.Mutate(this);
        public Tensor floor() => Aten.floor.Call(this);
        public Tensor floor_() => Aten.floor_.Mutate(this);
        public Tensor frac() => Aten.frac.Call(this);
        public Tensor frac_() => Aten.frac_.Mutate(this);
        public Tensor isfinite() => Aten.isfinite.Call(this);
        public Tensor isinf() => Aten.isinf.Call(this);
        public Tensor isnan() => Aten.isnan.Call(this);
        public Tensor isneginf() => Aten.isneginf.Call(this);
        public Tensor isposinf() => Aten.isposinf.Call(this);
        public Tensor isreal() => Aten.isreal.Call(this);
        public Tensor lgamma() => Aten.lgamma.Call(this);
        public Tensor lgamma_() => Aten.lgamma_.Mutate(this);
        public Tensor log() => Aten.log.Call(this);
        public Tensor log_() => Aten.log_.Mutate(this);
        public Tensor log10() => Aten.log10.Call(this);
        public Tensor log10_() => Aten.log10_.Mutate(this);
        public Tensor log1p() => Aten.log1p.Call(this);
        public Tensor log1p_() => Aten.log1p_.Mutate(this);
        public Tensor log2() => Aten.log2.Call(this);
        public Tensor log2_() => Aten.log2_.Mutate(this);
        public Tensor logical_not() => Aten.logical_not.Call(this);
        public Tensor logical_not_() => Aten.logical_not_.Mutate(this);
        public Tensor logit(double? eps = null) => Aten.logit.Call(this, eps);
        public Tensor logit_(double? eps = null) => Aten.logit_.Mutate(this, eps);

        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) =>
            Aten.nan_to_num.Call(this, nan, posinf, neginf);

        public Tensor nan_to_num_(double nan = 0, double? posinf = null, double? neginf = null) =>
            Aten.nan_to_num_.Mutate(this, nan, posinf, neginf);

        public Tensor neg() => Aten.neg.Call(this);
        public Tensor neg_() => Aten.neg_.Mutate(this);
        public Tensor negative() => Aten.negative.Call(this);
        public Tensor positive() => Aten.positive.Call(this);
        public Tensor rad2deg() => Aten.rad2deg.Call(this);
        public Tensor rad2deg_() => Aten.rad2deg_.Mutate(this);
        public Tensor reciprocal() => Aten.reciprocal.Call(this);
        public Tensor reciprocal_() => Aten.reciprocal_.Mutate(this);
        public Tensor rsqrt() => Aten.rsqrt.Call(this);
        public Tensor rsqrt_() => Aten.rsqrt_.Mutate(this);
        public Tensor sgn() => Aten.sgn.Call(this);
        public Tensor sgn_() => Aten.sgn_.Mutate(this);
        public Tensor sigmoid() => Aten.sigmoid.Call(this);
        public Tensor sigmoid_() => Aten.sigmoid_.Mutate(this);
        public Tensor sign() => Aten.sign.Call(this);
        public Tensor sign_() => Aten.sign_.Mutate(this);
        public Tensor signbit() => Aten.signbit.Call(this);
        public Tensor sin() => Aten.sin.Call(this);
        public Tensor sin_() => Aten.sin_.Mutate(this);
        public Tensor sinc() => Aten.sinc.Call(this);
        public Tensor sinc_() => Aten.sinc_.Mutate(this);
        public Tensor sinh() => Aten.sinh.Call(this);
        public Tensor sinh_() => Aten.sinh_.Mutate(this);
        public Tensor sqrt() => Aten.sqrt.Call(this);
        public Tensor sqrt_() => Aten.sqrt_.Mutate(this);
        public Tensor square() => Aten.square.Call(this);
        public Tensor tan() => Aten.tan.Call(this);
        public Tensor tan_() => Aten.tan_.Mutate(this);
        public Tensor tanh() => Aten.tanh.Call(this);
        public Tensor tanh_() => Aten.tanh_.Mutate(this);
        public Tensor trunc() => Aten.trunc.Call(this);
        public Tensor trunc_() => Aten.trunc_.Mutate(this);

        public Tensor round(long decimals = 0) => decimals == 0 ? Aten.round.Call(this) : Aten.round_decimals.Call(this, decimals);
        public Tensor round_(long decimals = 0) => decimals == 0 ? Aten.round_.Mutate(this) : Aten.round__decimals.Mutate(this, decimals);
    }
}

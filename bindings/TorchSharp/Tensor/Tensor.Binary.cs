namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor add(Scalar scalar) => Aten.add_Scalar.Call(this, scalar);
        public Tensor add(Scalar scalar, Scalar alpha) => Aten.add_Scalar.Call(this, scalar, alpha);
        public Tensor add(Tensor target) => Aten.add_Tensor.Call(this, target);
        public Tensor add(Tensor target, Scalar alpha) => Aten.add_Tensor.Call(this, target, alpha);
        public Tensor add_(Scalar scalar) => Aten.add__Scalar.Mutate(this, scalar);
        public Tensor add_(Scalar scalar, Scalar alpha) => Aten.add__Scalar.Mutate(this, scalar, alpha);
        public Tensor add_(Tensor target) => Aten.add__Tensor.Mutate(this, target);
        public Tensor add_(Tensor target, Scalar alpha) => Aten.add__Tensor.Mutate(this, target, alpha);
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcdiv.Call(this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Aten.addcdiv_.Mutate(this, tensor1, tensor2);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcdiv_.Mutate(this, tensor1, tensor2, value);
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcmul.Call(this, tensor1, tensor2, value);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcmul_.Mutate(this, tensor1, tensor2, value);
        public Tensor arctan(Tensor other) => arctan2(other);
        public Tensor arctan_(Tensor other) => arctan2_(other);
        public Tensor arctan2(Tensor other) => Aten.arctan2.Call(this, other);
        public Tensor arctan2_(Tensor other) => Aten.arctan2_.Mutate(this, other);
        public Tensor atan2(Tensor other) => Aten.atan2.Call(this, other);
        public Tensor atan2_(Tensor other) => Aten.atan2_.Mutate(this, other);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Aten.clamp.Call(this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Aten.clamp_Tensor.Call(this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Aten.clamp_.Mutate(this, min, max);
        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Aten.clamp__Tensor.Mutate(this, min, max);
        public Tensor clamp_max(Scalar max) => Aten.clamp_max.Call(this, max);
        public Tensor clamp_max_(Scalar max) => Aten.clamp_max_.Mutate(this, max);
        public Tensor clamp_min(Scalar min) => Aten.clamp_min.Call(this, min);
        public Tensor clamp_min_(Scalar min) => Aten.clamp_min_.Mutate(this, min);
        public Tensor clip(Scalar? min = null, Scalar? max = null) => Aten.clip.Call(this, min, max);
        public Tensor copysign(Tensor other) => Aten.copysign_Tensor.Call(this, other);
        public Tensor copysign_(Tensor other) => Aten.copysign__Tensor.Mutate(this, other);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.div_Scalar_mode.Call(this, target, rounding_mode);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.div_Tensor_mode.Call(this, target, rounding_mode);

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.div__Scalar_mode.Mutate(this, target, rounding_mode);

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.div__Tensor_mode.Mutate(this, target, rounding_mode);

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.divide_Scalar_mode.Call(this, target, rounding_mode);

        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.divide_Tensor_mode.Call(this, target, rounding_mode);

        public Tensor divide_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.divide__Scalar_mode.Mutate(this, target, rounding_mode);

        public Tensor divide_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Aten.divide__Tensor_mode.Mutate(this, target, rounding_mode);

        public Tensor float_power(Tensor target) => Aten.float_power_Tensor_Tensor.Call(this, target);
        public Tensor float_power_(Tensor target) => Aten.float_power__Tensor.Mutate(this, target);
        public Tensor floor_divide(Scalar other) => Aten.floor_divide_Scalar.Call(this, other);
        public Tensor floor_divide(Tensor other) => Aten.floor_divide.Call(this, other);
        public Tensor floor_divide_(Scalar other) => Aten.floor_divide__Scalar.Mutate(this, other);
        public Tensor floor_divide_(Tensor other) => Aten.floor_divide__Tensor.Mutate(this, other);
        public Tensor fmax(Tensor other) => Aten.fmax.Call(this, other);
        public Tensor fmin(Tensor other) => Aten.fmin.Call(this, other);
        public Tensor fmod(Scalar scalar) => Aten.fmod_Scalar.Call(this, scalar);
        public Tensor fmod(Tensor target) => Aten.fmod_Tensor.Call(this, target);
        public Tensor fmod_(Scalar scalar) => Aten.fmod__Scalar.Mutate(this, scalar);
        public Tensor fmod_(Tensor target) => Aten.fmod__Tensor.Mutate(this, target);
        public Tensor gcd(Tensor other) => Aten.gcd.Call(this, other);
        public Tensor gcd_(Tensor other) => Aten.gcd_.Mutate(this, other);
        public Tensor heaviside(Tensor other) => Aten.heaviside.Call(this, other);
        public Tensor heaviside_(Tensor other) => Aten.heaviside_.Mutate(this, other);
        public Tensor hypot(Tensor other) => Aten.hypot.Call(this, other);
        public Tensor lcm(Tensor other) => Aten.lcm.Call(this, other);
        public Tensor lcm_(Tensor other) => Aten.lcm_.Mutate(this, other);
        public Tensor ldexp(Tensor other) => Aten.ldexp_Tensor.Call(this, other);
        public Tensor ldexp_(Tensor other) => Aten.ldexp_.Mutate(this, other);
        public Tensor lerp(Tensor end, Tensor weight) => Aten.lerp_Tensor.Call(this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => Aten.lerp__Tensor.Mutate(this, end, weight);
        public Tensor logaddexp(Tensor other) => Aten.logaddexp.Call(this, other);
        public Tensor logaddexp2(Tensor other) => Aten.logaddexp2.Call(this, other);
        public Tensor maximum(Tensor other) => Aten.maximum.Call(this, other);
        public Tensor minimum(Tensor other) => Aten.minimum.Call(this, other);
        public Tensor mul(Scalar target) => Aten.mul_Scalar.Call(this, target);
        public Tensor mul(Tensor target) => Aten.mul_Tensor.Call(this, target);
        public Tensor mul_(Scalar target) => Aten.mul__Scalar.Mutate(this, target);
        public Tensor mul_(Tensor target) => Aten.mul__Tensor.Mutate(this, target);
        public Tensor multiply(Scalar target) => Aten.multiply_Scalar.Call(this, target);
        public Tensor multiply(Tensor target) => Aten.multiply_Tensor.Call(this, target);
        public Tensor nextafter(Tensor other) => Aten.nextafter.Call(this, other);
        public Tensor nextafter_(Tensor other) => Aten.nextafter_.Mutate(this, other);
        public Tensor pow(Scalar exponent) => Aten.pow_Tensor_Scalar.Call(this, exponent);
        public Tensor pow(Tensor exponent) => Aten.pow_Tensor_Tensor.Call(this, exponent);
        public Tensor pow_(Scalar exponent) => Aten.pow__Scalar.Mutate(this, exponent);
        public Tensor pow_(Tensor exponent) => Aten.pow__Tensor.Mutate(this, exponent);
        public Tensor remainder(Scalar scalar) => Aten.remainder_Scalar.Call(this, scalar);
        public Tensor remainder(Tensor target) => Aten.remainder_Tensor.Call(this, target);
        public Tensor remainder_(Scalar scalar) => Aten.remainder__Scalar.Mutate(this, scalar);
        public Tensor remainder_(Tensor target) => Aten.remainder__Tensor.Mutate(this, target);
        public Tensor sub(Scalar target) => Aten.sub_Scalar.Call(this, target);
        public Tensor sub(Tensor target) => Aten.sub_Tensor.Call(this, target);
        public Tensor sub_(Scalar target) => Aten.sub__Scalar.Mutate(this, target);
        public Tensor sub_(Tensor target) => Aten.sub__Tensor.Mutate(this, target);
        public Tensor subtract(Scalar target) => Aten.subtract_Scalar.Call(this, target);
        public Tensor subtract(Tensor target) => Aten.subtract_Tensor.Call(this, target);
        public Tensor subtract_(Scalar target) => Aten.subtract__Scalar.Mutate(this, target);
        public Tensor subtract_(Tensor target) => Aten.subtract__Tensor.Mutate(this, target);
        public Tensor true_divide(Scalar other) => Aten.true_divide_Scalar.Call(this, other);
        public Tensor true_divide(Tensor other) => Aten.true_divide_Tensor.Call(this, other);
        public Tensor true_divide_(Scalar other) => Aten.true_divide__Scalar.Mutate(this, other);
        public Tensor true_divide_(Tensor other) => Aten.true_divide__Tensor.Mutate(this, other);
        public Tensor xlogy(Scalar y) => Aten.xlogy_Scalar_Other.Call(this, y);
        public Tensor xlogy(Tensor y) => Aten.xlogy_Tensor.Call(this, y);
        public Tensor xlogy_(Scalar y) => Aten.xlogy__Scalar_Other.Mutate(this, y);
        public Tensor xlogy_(Tensor y) => Aten.xlogy__Tensor.Mutate(this, y);
    }
}

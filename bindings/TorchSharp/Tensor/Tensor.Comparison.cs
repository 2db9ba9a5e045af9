namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Scalar target) => Aten.eq_Scalar.Call(this, target);
        public Tensor eq(Tensor target) => Aten.eq_Tensor.Call(this, target);
        public Tensor eq_(Scalar target) => Aten.eq__Scalar.Mutate(this, target);
        public Tensor eq_(Tensor target) => Aten.eq__Tensor.Mutate(this, target);
        public Tensor equal(Tensor target) => Aten.equal.Call(this, target);
        public Tensor ne(Scalar target) => Aten.ne_Scalar.Call(this, target);
        public Tensor ne(Tensor target) => Aten.ne_Tensor.Call(this, target);
        public Tensor ne_(Scalar target) => Aten.ne__Scalar.Mutate(this, target);
        public Tensor ne_(Tensor target) => Aten.ne__Tensor.Mutate(this, target);
        public Tensor not_equal(Tensor target) => Aten.not_equal_Tensor.Call(this, target);
        public Tensor not_equal_(Tensor target) => Aten.not_equal__Tensor.Mutate(this, target);
        public Tensor lt(Scalar target) => Aten.lt_Scalar.Call(this, target);
        public Tensor lt(Tensor target) => Aten.lt_Tensor.Call(this, target);
        public Tensor lt_(Scalar target) => Aten.lt__Scalar.Mutate(this, target);
        public Tensor lt_(Tensor target) => Aten.lt__Tensor.Mutate(this, target);
        public Tensor less(Tensor target) => Aten.less_Tensor.Call(this, target);
        public Tensor le(Scalar target) => Aten.le_Scalar.Call(this, target);
        public Tensor le(Tensor target) => Aten.le_Tensor.Call(this, target);
        public Tensor le_(Scalar target) => Aten.le__Scalar.Mutate(this, target);
        public Tensor le_(Tensor target) => Aten.le__Tensor.Mutate(this, target);
        public Tensor less_equal(Tensor target) => Aten.less_equal_Tensor.Call(this, target);
        public Tensor less_equal_(Tensor target) => Aten.less_equal__Tensor.Mutate(this, target);
        public Tensor gt(Scalar target) => Aten.gt_Scalar.Call(this, target);
        public Tensor gt(Tensor target) => Aten.gt_Tensor.Call(this, target);
        public Tensor gt_(Scalar target) => Aten.gt__Scalar.Mutate(this, target);
        public Tensor gt_(Tensor target) => Aten.gt__Tensor.Mutate(this, target);
        public Tensor greater(Tensor target) => Aten.greater_Tensor.Call(this, target);
        public Tensor ge(Scalar target) => Aten.ge_Scalar.Call(this, target);
        public Tensor ge(Tensor target) => Aten.ge_Tensor.Call(this, target);
        public Tensor ge_(Scalar target) => Aten.ge__Scalar.Mutate(this, target);
        public Tensor ge_(Tensor target) => Aten.ge__Tensor.Mutate(this, target);
        public Tensor greater_equal(Tensor target) => Aten.greater_equal_Tensor.Call(this, target);
        public Tensor logical_and(Tensor other) => Aten.logical_and.Call(this, other);
        public Tensor logical_and_(Tensor other) => Aten.logical_and_.Mutate(this, other);
        public Tensor logical_or(Tensor other) => Aten.logical_or.Call(this, other);
        public Tensor logical_or_(Tensor other) => Aten.logical_or_.Mutate(this, other);
        public Tensor logical_xor(Tensor other) => Aten.logical_xor.Call(this, other);
        public Tensor logical_xor_(Tensor other) => Aten.logical_xor_.Mutate(this, other);
        public Tensor bitwise_and(Tensor other) => Aten.bitwise_and_Tensor.Call(this, other);
        public Tensor bitwise_and_(Tensor other) => Aten.bitwise_and__Tensor.Mutate(this, other);
        public Tensor bitwise_or(Tensor other) => Aten.bitwise_or_Tensor.Call(this, other);
        public Tensor bitwise_or_(Tensor other) => Aten.bitwise_or__Tensor.Mutate(this, other);
        public Tensor bitwise_xor(Tensor other) => Aten.bitwise_xor_Tensor.Call(this, other);
        public Tensor bitwise_xor_(Tensor other) => Aten.bitwise_xor__Tensor.Mutate(this, other);
        public Tensor bitwise_left_shift(Tensor other) => Aten.bitwise_left_shift_Tensor.Call(this, other);
        public Tensor bitwise_left_shift_(Tensor other) => Aten.bitwise_left_shift__Tensor.Mutate(this, other);
        public Tensor bitwise_right_shift(Tensor other) => Aten.bitwise_right_shift_Tensor.Call(this, other);
        public Tensor bitwise_right_shift_(Tensor other) => Aten.bitwise_right_shift__Tensor.Mutate(this, other);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Aten.allclose.Flag(this, target, rtol, atol, equal_nan);

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Aten.isclose.Call(this, other, rtol, atol, nanEqual);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) =>
            Aten.isin_Tensor_Tensor.Call(this, test_elements, assumeUnique, invert);
    }

    public static Tensor eq(Tensor left, Tensor right) => left.eq(right);
    public static Tensor equal(Tensor tensor, Tensor target) => tensor.equal(target);
    public static Tensor ne(Tensor left, Tensor right) => left.ne(right);
    public static Tensor not_equal(Tensor tensor, Tensor target) => tensor.not_equal(target);
    public static Tensor lt(Tensor left, Tensor right) => left.lt(right);
    public static Tensor less(Tensor tensor, Tensor target) => tensor.less(target);
    public static Tensor le(Tensor left, Tensor right) => left.le(right);
    public static Tensor less_equal(Tensor tensor, Tensor target) => tensor.less_equal(target);
    public static Tensor gt(Tensor left, Tensor right) => left.gt(right);
    public static Tensor greater(Tensor tensor, Tensor target) => tensor.greater(target);
    public static Tensor ge(Tensor left, Tensor right) => left.ge(right);
    public static Tensor greater_equal(Tensor tensor, Tensor target) => tensor.greater_equal(target);
    public static Tensor logical_and(Tensor left, Tensor right) => left.logical_and(right);
    public static Tensor logical_and_(Tensor left, Tensor right) => left.logical_and_(right);
    public static Tensor logical_or(Tensor left, Tensor right) => left.logical_or(right);
    public static Tensor logical_or_(Tensor left, Tensor right) => left.logical_or_(right);
    public static Tensor logical_xor(Tensor left, Tensor right) => left.logical_xor(right);
    public static Tensor logical_xor_(Tensor left, Tensor right) => left.logical_xor_(right);
    public static Tensor bitwise_and(Tensor left, Tensor right) => left.bitwise_and(right);
    public static Tensor bitwise_and_(Tensor left, Tensor right) => left.bitwise_and_(right);
    public static Tensor bitwise_or(Tensor left, Tensor right) => left.bitwise_or(right);
    public static Tensor bitwise_or_(Tensor left, Tensor right) => left.bitwise_or_(right);
    public static Tensor bitwise_xor(Tensor left, Tensor right) => left.bitwise_xor(right);
    public static Tensor bitwise_xor_(Tensor left, Tensor right) => left.bitwise_xor_(right);
    public static Tensor bitwise_left_shift(Tensor left, Tensor right) => left.bitwise_left_shift(right);
    public static Tensor bitwise_left_shift_(Tensor left, Tensor right) => left.bitwise_left_shift_(right);
    public static Tensor bitwise_right_shift(Tensor left, Tensor right) => left.bitwise_right_shift(right);
    public static Tensor bitwise_right_shift_(Tensor left, Tensor right) => left.bitwise_right_shift_(right);

    public static bool allclose(Tensor tensor, Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
        tensor.allclose(target, rtol, atol, equal_nan);

    public static Tensor isclose(Tensor tensor, Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
        tensor.isclose(other, rtol, atol, nanEqual);

    public static Tensor isin(Tensor tensor, Tensor test_elements, bool assumeUnique = false, bool invert = false) =>
        tensor.isin(test_elements, assumeUnique, invert);
}

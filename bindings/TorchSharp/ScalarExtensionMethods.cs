namespace TorchSharp;

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => value;
    public static Scalar ToScalar(this sbyte value) => value;
    public static Scalar ToScalar(this short value) => value;
    public static Scalar ToScalar(this int value) => value;
    public static Scalar ToScalar(this long value) => value;
    public static Scalar ToScalar(this Half value) => value;
    public static Scalar ToScalar(this float value) => value;
    public static Scalar ToScalar(this double value) => value;
    public static Scalar ToScalar(this bool value) => value;

    public static byte ToByte(this Scalar value) => (byte)value.AsInteger;
    public static sbyte ToSByte(this Scalar value) => (sbyte)value.AsInteger;
    public static short ToInt16(this Scalar value) => (short)value.AsInteger;
    public static int ToInt32(this Scalar value) => (int)value.AsInteger;
    public static long ToInt64(this Scalar value) => value.AsInteger;
    public static Half ToHalf(this Scalar value) => (Half)value.AsDouble;
    public static float ToSingle(this Scalar value) => (float)value.AsDouble;
    public static double ToDouble(this Scalar value) => value.AsDouble;
    public static bool ToBoolean(this Scalar value) => value.AsDouble != 0;
}

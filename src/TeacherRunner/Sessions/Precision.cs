namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>The arithmetic that a model runs in.</summary>
public enum Precision
{
    /// <summary>As its file says; float32 stays float32, without TF32.</summary>
    Fp32,

    /// <summary>float32 tensors of its file become float16.</summary>
    Fp16,
}

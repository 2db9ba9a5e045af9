using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static class backends
    {
        public static class cuda
        {
            public static class matmul
            {
                /// <summary>Whether float32 matrix products may round their factors to TF32: faster, 10 bits of mantissa.</summary>
                public static bool allow_tf32
                {
                    get => okd_tf32(Tf32.CuBlas) != 0;
                    set => okd_set_tf32(Tf32.CuBlas, value ? 1 : 0);
                }
            }
        }

        public static class cudnn
        {
            /// <summary>The same for convolutions, where libtorch allows it unless told otherwise.</summary>
            public static bool allow_tf32
            {
                get => okd_tf32(Tf32.CuDnn) != 0;
                set => okd_set_tf32(Tf32.CuDnn, value ? 1 : 0);
            }
        }
    }
}

using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A stream of random numbers on one device, with a state of its own.</summary>
    public class Generator : IDisposable
    {
        private nint handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = device ?? CPU;
            handle = Check(okd_generator_new(seed, (int)this.device.type, this.device.index), nameof(Generator));
        }

        private Generator(Device device, nint handle) => (this.device, this.handle) = (device, handle);

        ~Generator() => Dispose(false);

        /// <summary>The stream that the CPU draws from when no generator is given.</summary>
        public static Generator Default => new(CPU, Native.Check(okd_generator_default((int)DeviceType.CPU, -1)));

        public Device device { get; }

        public IntPtr Handle => handle != 0 ? handle : throw new InvalidOperationException("Generator invalid -- it was disposed.");

        public Generator manual_seed(long seed)
        {
            Check(okd_generator_set_seed(Handle, (ulong)seed));
            return this;
        }

        /// <summary>Takes a seed from the system's entropy and returns it.</summary>
        public unsafe long seed()
        {
            ulong seed;
            Check(okd_generator_seed(Handle, &seed));
            return (long)seed;
        }

        public unsafe long initial_seed()
        {
            ulong seed;
            Check(okd_generator_initial_seed(Handle, &seed));
            return (long)seed;
        }

        /// <summary>The whole state, as a tensor of bytes.</summary>
        public Tensor get_state() => new(Native.Check(okd_generator_state(Handle)));

        public void set_state(Tensor value) => Check(okd_generator_set_state(Handle, value.Handle));

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, 0);
            if (released != 0)
                okd_generator_release(released);
        }
    }

    /// <summary>Seeds the default generators of every device.</summary>
    public static Generator manual_seed(long seed)
    {
        Check(okd_manual_seed((ulong)seed));
        return Generator.Default;
    }

    public static long seed() => random.seed();

    public static long initial_seed() => random.initial_seed();

    public static Tensor get_rng_state() => random.get_rng_state();

    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    /// <summary>The default generator.</summary>
    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static long seed()
        {
            using var generator = Generator.Default;
            return generator.seed();
        }

        public static long initial_seed()
        {
            using var generator = Generator.Default;
            return generator.initial_seed();
        }

        public static Tensor get_rng_state()
        {
            using var generator = Generator.Default;
            return generator.get_state();
        }

        public static void set_rng_state(Tensor new_state)
        {
            using var generator = Generator.Default;
            generator.set_state(new_state);
        }
    }
}

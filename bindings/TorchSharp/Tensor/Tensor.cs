using System.Diagnostics.CodeAnalysis;
using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>An array on a device that libtorch holds: one reference to it, released by Dispose or by a dispose scope.</summary>
    [SuppressMessage("Design", "CA1001", Justification = "A tensor does not own its dispose scope.")]
    public partial class Tensor : IDisposable
    {
        private static long totalCount;
        private static long peakCount;

        private nint handle;

        internal Tensor(nint handle) : this(handle, DisposeScopeManager.Current.Innermost) { }

        internal Tensor(nint handle, DisposeScope? scope)
        {
            this.handle = handle;
            var count = Interlocked.Increment(ref totalCount);
            if (count > Volatile.Read(ref peakCount))
                Volatile.Write(ref peakCount, count);
            scope?.Attach(this);
        }

        ~Tensor() => Dispose(false);

        /// <summary>Tensors that are alive in the process, on all threads.</summary>
        public static long TotalCount => Interlocked.Read(ref totalCount);

        /// <summary>The largest <see cref="TotalCount"/> so far.</summary>
        public static long PeakCount => Interlocked.Read(ref peakCount);

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>The native tensor.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed.</exception>
        public IntPtr Handle =>
            handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle: it was disposed.");

        public bool IsInvalid => handle == 0;

        /// <summary>A friendly name, for debugging.</summary>
        public string? name { get; set; }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, 0);
            if (released == 0)
                return;
            okd_tensor_release(released);
            Interlocked.Decrement(ref totalCount);
            // A scope keeps its tensors reachable, so one that is being finalized has none.
            if (disposing)
                OwningDisposeScope?.MarkAsDisposed(this);
        }

        /// <summary>Gives the native reference to the caller; this tensor becomes invalid.</summary>
        public IntPtr DecoupleFromNativeHandle()
        {
            var decoupled = Handle;
            handle = 0;
            Interlocked.Decrement(ref totalCount);
            OwningDisposeScope?.MarkAsDisposed(this);
            GC.SuppressFinalize(this);
            return decoupled;
        }

        /// <summary>Wraps a handle that <see cref="DecoupleFromNativeHandle"/> gave away.</summary>
        public static Tensor UnsafeCreateTensor(IntPtr handle) => new(handle);

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor DetatchFromDisposeScope() => DetachFromDisposeScope();

        public Tensor MoveToOtherDisposeScope(DisposeScope other)
        {
            OwningDisposeScope?.MoveToOther(other, this);
            return this;
        }

        /// <summary>Moves this tensor to the scope that holds <paramref name="other"/>.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) =>
            other.OwningDisposeScope is { } scope ? MoveToOtherDisposeScope(scope) : DetachFromDisposeScope();

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>True when both have the same shape and equal elements.</summary>
        public bool Equals(Tensor target) => Aten.equal.Flag(this, target);

        public override int GetHashCode() => base.GetHashCode();

        /// <summary>Shape, type and device, not the elements.</summary>
        public override string ToString() =>
            IsInvalid ? "invalid tensor" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
    }
}

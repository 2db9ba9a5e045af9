using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>The dispose scopes of one thread: a tensor belongs to the scope that is innermost where it is created.</summary>
public class DisposeScopeManager
{
    [ThreadStatic] private static DisposeScopeManager? current;

    private readonly List<DisposeScope> scopes = [];

    internal static DisposeScopeManager Current => current ??= new DisposeScopeManager();

    internal DisposeScope? Innermost => scopes.Count > 0 ? scopes[^1] : null;

    internal DisposeScope Begin()
    {
        var scope = new DisposeScope(this, Innermost);
        scopes.Add(scope);
        return scope;
    }

    internal void End(DisposeScope scope) => scopes.Remove(scope);
}

public static partial class torch
{
    /// <summary>Begins a scope on this thread: <c>using var scope = torch.NewDisposeScope();</c></summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.Current.Begin();

    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.Current.Innermost;

    /// <summary>Runs an expression in a scope of its own; only its result survives.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}

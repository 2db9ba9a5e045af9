using static TorchSharp.Native;

namespace TorchSharp;

/// <summary>Makes backward name the operation whose gradient is NaN, until disposed. Slow: for finding the fault.</summary>
public class AnomalyMode : IDisposable
{
    private readonly bool wasEnabled = IsEnabled;
    private readonly bool wasChecking = ShouldCheckNaN;

    public AnomalyMode(bool enabled, bool check_nan = true) => okd_set_anomaly(enabled ? 1 : 0, check_nan ? 1 : 0);

    public static bool IsEnabled => okd_anomaly_enabled() != 0;

    public static bool ShouldCheckNaN => okd_anomaly_checks_nan() != 0;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => okd_set_anomaly(wasEnabled ? 1 : 0, wasChecking ? 1 : 0);
}

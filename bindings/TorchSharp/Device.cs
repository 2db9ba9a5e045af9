namespace TorchSharp;

public static partial class torch
{
    /// <summary>Where a tensor lives. An index of -1 means the current device of that type.</summary>
    public class Device
    {
        public Device(DeviceType deviceType, int index = -1) => (type, this.index) = (deviceType, index);

        public Device(string deviceType, int index = -1) : this(Parse(deviceType), index) { }

        /// <param name="description">A type and, optionally, an index: "cpu", "cuda" or "cuda:1".</param>
        public Device(string description) : this(TypeOf(description), IndexOf(description)) { }

        /// <param name="index">Index of a CUDA device.</param>
        public Device(int index) : this(DeviceType.CUDA, index) { }

        public DeviceType type { get; }

        public int index { get; }

        public override string ToString() => type.ToString().ToLowerInvariant() + (index < 0 ? "" : $":{index}");

        public static implicit operator Device(string description) => new(description);

        private static DeviceType TypeOf(string description) => Parse(description.Split(':')[0]);

        private static int IndexOf(string description)
        {
            var colon = description.IndexOf(':');
            if (colon < 0)
                return -1;
            return int.TryParse(description.AsSpan(colon + 1), out var index) && index >= 0
                ? index
                : throw new ArgumentException($"'{description}' is not a device: expected TYPE or TYPE:INDEX, such as cpu or cuda:0.");
        }

        private static DeviceType Parse(string name) =>
            Enum.GetNames<DeviceType>().Contains(name, StringComparer.OrdinalIgnoreCase)
                ? Enum.Parse<DeviceType>(name, ignoreCase: true)
                : throw new ArgumentException($"'{name}' is not a device type: expected cpu or cuda.");
    }

    public static readonly Device CPU = new(DeviceType.CPU);
    public static readonly Device META = new(DeviceType.META);

    public static Device CUDA => new(DeviceType.CUDA);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);
    public static Device device(string deviceType, int index = -1) => new(deviceType, index);
    public static Device device(string description) => new(description);
    public static Device device(int index) => new(index);

    private static Device defaultDevice = CPU;

    public static Device get_default_device() => defaultDevice;

    public static void set_default_device(Device device) => defaultDevice = device;

    public static void set_default_device(string device) => defaultDevice = device;

    /// <summary>The device to use where a caller gave none.</summary>
    public static Device InitializeDevice(Device? device) => device ?? defaultDevice;
}

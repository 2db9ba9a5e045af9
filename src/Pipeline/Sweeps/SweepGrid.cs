using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>One choice of values, by key.</summary>
/// <param name="Values">Keys in the order in which they were given, and their values as YAML.</param>
internal sealed record SweepSetting(IReadOnlyList<KeyValuePair<string, string>> Values)
{
    private const string SeedKey = "seed";

    // A file's name may have 255 bytes.
    private const int MostBytes = 200;
    private const int Beginning = 50;
    private const int DigestLength = 8;

    /// <summary>No choice: the recipe as it is.</summary>
    public static SweepSetting None { get; } = new([]);

    /// <summary>For people: <c>temperature=4, alpha=0.9</c>.</summary>
    public override string ToString() => Join(", ");

    /// <summary>
    /// For a folder: <c>temperature=4,alpha=0.9</c>, with _ for what a file's name cannot hold or should not; of many keys the beginning, and a digest of all.
    /// </summary>
    public string FolderName
    {
        get
        {
            var name = string.Concat(Join(",").Select(c => char.IsLetterOrDigit(c) || "=,.-+".Contains(c) ? c : '_'));
            return Encoding.UTF8.GetByteCount(name) <= MostBytes ? name : $"{name[..Beginning]}-{Hashing.Sha256(Join(","))[..DigestLength]}";
        }
    }

    /// <summary>What it shares with those that differ by their seeds alone; empty where nothing but the seed varies.</summary>
    public string WithoutSeed => Join(", ", Values.Where(value => value.Key != SeedKey));

    /// <summary>The value of a key; <c>null</c> if it is not varied.</summary>
    public string? Find(string key) => Values.Where(v => v.Key == key).Select(v => v.Value).FirstOrDefault();

    private string Join(string separator) => Join(separator, Values);

    private static string Join(string separator, IEnumerable<KeyValuePair<string, string>> values) => string.Join(separator, values.Select(v => $"{v.Key}={v.Value}"));
}

/// <summary>Every combination of the values of some keys.</summary>
internal static class SweepGrid
{
    /// <summary>Reads <c>KEY=VALUE,VALUE,...</c>, a key each.</summary>
    /// <returns>All combinations; the first key changes slowest.</returns>
    /// <exception cref="InputException">There is no key, one is given twice, has no value or the same value twice, or is not YAML.</exception>
    public static IReadOnlyList<SweepSetting> Parse(IReadOnlyList<string> axes, string option)
    {
        if (axes.Count == 0)
            throw new InputException("Nothing varies.", option, "no such option", "at least one, for example temperature=2,4,8");
        IEnumerable<SweepSetting> settings = [SweepSetting.None];
        foreach (var (key, values) in axes.Select(axis => ParseAxis(axis, option)).ToArray())
            settings = settings.SelectMany(setting => values.Select(value => new SweepSetting([.. setting.Values, new(key, value)])));
        var result = settings.ToArray();
        RequireDistinct(result[0].Values.Select(value => value.Key), "key", option);
        RequireDistinct(result.Select(setting => setting.FolderName), "setting", option);
        return result;
    }

    private static (string Key, string[] Values) ParseAxis(string axis, string option)
    {
        if (axis.Split('=', 2) is not [{ Length: > 0 } key, { Length: > 0 } list])
            throw new InputException("It is not clear what varies.", option, axis, "KEY=VALUE,VALUE,..., for example temperature=2,4,8");
        try
        {
            return YamlText.Parse($"[{list}]", _ => $"{option} {key}") is YamlSequenceNode values
                ? (key, [.. values.Children.Select(Text)])
                : throw new InputException("Values that vary are not a list.", $"{option} {key}", list, "values with commas between them");
        }
        catch (YamlFault error)
        {
            throw new InputException("Values that vary are not valid YAML.", $"{option} {key}", list, "values with commas between them", inner: error);
        }
    }

    private static string Text(YamlNode value)
    {
        if (value is YamlScalarNode scalar)
            return scalar.Value ?? "";
        foreach (var node in value.AllNodes)
            if (node is YamlSequenceNode sequence)
                sequence.Style = YamlDotNet.Core.Events.SequenceStyle.Flow;
            else if (node is YamlMappingNode mapping)
                mapping.Style = YamlDotNet.Core.Events.MappingStyle.Flow;
        return YamlTree.Text(value).TrimEnd();
    }

    private static void RequireDistinct(IEnumerable<string> names, string kind, string option)
    {
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new InputException($"The same {kind} is given twice.", option, twice, "each once");
    }
}

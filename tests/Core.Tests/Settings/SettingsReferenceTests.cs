using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Tests.Settings;

public class SettingsReferenceTests
{
    [Fact]
    public void Table_OfAType_HasALineForEachSetting() => Assert.Equal(
        """
        | key | takes | default | meaning |
        |---|---|---|---|
        | `height` | a whole number from 1 on | required | height |
        | `width` | a whole number from 1 on | 8 | width |

        """.ReplaceLineEndings("\n"),
        SettingsReference.Table(typeof(Oblong)));

    [Fact]
    public void Table_OfKinds_HasALineForEachSettingOfEach() => Assert.Equal(
        """
        | kind | key | takes | default | meaning |
        |---|---|---|---|---|
        | `round` | `radius` | a number above 0 | 1 | radius |
        | `square` | | | | |
        | `oblong` | `height` | a whole number from 1 on | required | height |
        | `oblong` | `width` | a whole number from 1 on | 8 | width |

        """.ReplaceLineEndings("\n"),
        SettingsReference.Table(Shape.Kinds));

    [Fact]
    public void Table_OfDefaults_ShowsThemAsRecipesWriteThem()
    {
        var lines = SettingsReference.Table(typeof(Sample));
        Assert.Contains("| [4] | sizes |", lines);
        Assert.Contains("| none | moments |", lines);
        Assert.Contains("| [0.5, 1] | ends |", lines);
        Assert.Contains("| round | shape |", lines);
        Assert.Contains("| by-machine | mode |", lines);
        Assert.Contains("| auto | how many at once |", lines);
    }
}

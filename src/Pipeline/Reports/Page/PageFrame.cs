using System.Xml.Linq;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>What every page is in: one file, without scripts and without a network, in light and dark, for the screen and for paper.</summary>
internal static class PageFrame
{
    /// <summary>Tells a page of ours from another file.</summary>
    public const string Generator = "onnxkd report";

    private const string Style = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1e21; --soft: #55595f; --grid: #d5d8dc; --mark: #f7e3d8; --line1: #0b62a4; --line2: #b3400e;
          --line3: #1a7a4c; --line4: #8a3a94; --line5: #7a5c00; --line6: #444444; }
        @media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e8eb; --soft: #a9afb7; --grid: #3b4048; --mark: #4a2f22; --line1: #6cb6f5;
          --line2: #f39a6b; --line3: #63cf9b; --line4: #d79be0; --line5: #e0c04f; --line6: #c4c4c4; } }
        body { margin: 0 auto; padding: 1.5rem; max-width: 68rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; } h3, h4 { font-size: 1rem; }
        table { border-collapse: collapse; font-size: .93rem; } th, td { padding: .25rem .5rem; white-space: nowrap; border-bottom: 1px solid var(--grid); text-align: right; }
        th:first-child { text-align: left; } summary { cursor: pointer; color: var(--soft); } tbody th { font-weight: inherit; } td.off { background: var(--mark); } td { font-variant-numeric: tabular-nums; }
        .wide { overflow-x: auto; margin: 1rem 0; } .verdict { font-size: 1.1rem; border-left: .3rem solid var(--line1); padding-left: 1rem; }
        .note { color: var(--soft); } pre { white-space: pre-wrap; overflow-wrap: anywhere; } code { overflow-wrap: anywhere; }
        .samples { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; width: 11rem; } figcaption { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
        figure img { width: 7rem; image-rendering: pixelated; border: 1px solid var(--grid); } figure audio { width: 100%; } blockquote { margin: .2rem 0; overflow-wrap: anywhere; }
        svg { width: 100%; height: auto; } @media print { body { max-width: none; } h2, h3, h4 { break-after: avoid; } svg, tr, figure { break-inside: avoid; } }
        """;

    /// <summary>A page.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="verdict">What it says, in a few sentences.</param>
    /// <param name="parts">Its parts.</param>
    public static string Write(string title, IEnumerable<string> verdict, params object[] parts)
    {
        var html = new XElement("html", new XAttribute("lang", "en"),
            new XElement("head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width, initial-scale=1")),
                new XElement("meta", new XAttribute("name", "generator"), new XAttribute("content", Generator)),
                // A page that asks for no icon makes no request.
                new XElement("link", new XAttribute("rel", "icon"), new XAttribute("href", "data:,")),
                new XElement("title", Html.Text($"{title}: report")),
                new XElement("style", Style)),
            new XElement("body", new XElement("main",
                new XElement("h1", Html.Text(title)),
                string.Join(' ', verdict) is { Length: > 0 } said ? new XElement("p", new XAttribute("class", "verdict"), Html.Text(said)) : null,
                parts)));
        return $"<!DOCTYPE html>\n{html.ToString(SaveOptions.DisableFormatting)}\n";
    }
}

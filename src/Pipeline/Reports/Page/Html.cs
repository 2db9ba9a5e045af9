using System.Globalization;
using System.Xml.Linq;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>What the parts of a page are made of.</summary>
internal static class Html
{
    /// <summary>A table that scrolls by itself where it is wider than the page.</summary>
    /// <param name="rows">The names of the columns, then the rows; the first cell of each names it.</param>
    /// <param name="of">What it is of, where a page has several with these columns.</param>
    public static XElement Table(IReadOnlyList<IReadOnlyList<string>> rows, string? of = null) => Scrolling(
        $"{(of is null ? "" : $"{of}: ")}table of each {rows[0][0]}: {string.Join(", ", rows[0].Skip(1))}",
        Head(rows[0]), new XElement("tbody", rows.Skip(1).Select(row => new XElement("tr", Cells(row)))));

    /// <summary>A table of counts: of what a row stands for, how many are what a column stands for.</summary>
    /// <param name="label">What it shows, for who cannot see it.</param>
    /// <param name="corner">What rows and columns are.</param>
    /// <param name="names">Of rows and of columns.</param>
    /// <param name="count">The count of a row and a column.</param>
    public static XElement Matrix(string label, string corner, IReadOnlyList<string> names, Func<int, int, long> count) => Scrolling(
        label, Head([corner, .. names]), new XElement("tbody", names.Select((name, row) => new XElement("tr",
            RowName(name),
            names.Select((_, column) => Cell(count(row, column), isOff: row != column))))));

    /// <summary>A remark.</summary>
    public static XElement Note(string text) => new("p", new XAttribute("class", "note"), Text(text));

    /// <summary>Bytes that are part of the page.</summary>
    public static XAttribute Source(string type, byte[] bytes) => new("src", $"data:{type};base64,{Convert.ToBase64String(bytes)}");

    /// <summary>A number for people.</summary>
    public static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A count for people.</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A share for people.</summary>
    public static string Share(double value) => value.ToString("0.00 %", CultureInfo.InvariantCulture);

    /// <summary>Parts of a page below a heading of another one: their headings are a level lower, and their identifiers and labels name what they are of.</summary>
    /// <param name="id">Tells them from other parts of the page.</param>
    /// <param name="of">What they are of.</param>
    /// <param name="parts">The parts; they belong to nothing else.</param>
    public static IEnumerable<XElement> Below(string id, string of, IEnumerable<object?> parts)
    {
        var all = new XElement("div", parts);
        foreach (var heading in all.Descendants().Where(element => element.Name.LocalName is "h2" or "h3"))
            heading.Name = heading.Name.LocalName == "h2" ? "h3" : "h4";
        foreach (var attribute in all.Descendants().Attributes())
            attribute.Value = attribute.Name.LocalName switch
            {
                "id" or "aria-labelledby" => $"{id}-{attribute.Value}",
                "clip-path" => attribute.Value.Replace("#", $"#{id}-", StringComparison.Ordinal),
                "aria-label" => $"{Text(of)}: {attribute.Value}",
                _ => attribute.Value,
            };
        return all.Elements();
    }

    /// <summary>Text from anywhere, with control characters escaped, and without what XML has no room for.</summary>
    public static string Text(string text) => Printable.Escape(text).Replace('\ufffe', '\ufffd').Replace('\uffff', '\ufffd');

    private static XElement Scrolling(string label, params object[] content) => new("div", new XAttribute("class", "wide"), new XAttribute("tabindex", 0),
        new XAttribute("role", "region"), new XAttribute("aria-label", Text(label)), new XElement("table", content));

    private static XElement Head(IEnumerable<string> names) =>
        new("thead", new XElement("tr", names.Select(name => new XElement("th", new XAttribute("scope", "col"), Text(name)))));

    private static IEnumerable<XElement> Cells(IReadOnlyList<string> row) =>
        row.Skip(1).Select(cell => new XElement("td", Text(cell))).Prepend(RowName(row[0]));

    private static XElement Cell(long count, bool isOff) =>
        new("td", count > 0 && isOff ? new XAttribute("class", "off") : null, Count(count));

    private static XElement RowName(string name) => new("th", new XAttribute("scope", "row"), Text(name));
}

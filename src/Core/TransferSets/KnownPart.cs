namespace OnnxKd.Core.TransferSets;

/// <summary>A part of a data set that is known by name.</summary>
/// <param name="Set">The set's name, for example <c>mnist</c>.</param>
/// <param name="Part">The part's, for example <c>train</c>.</param>
public sealed record KnownPart(string Set, string Part);

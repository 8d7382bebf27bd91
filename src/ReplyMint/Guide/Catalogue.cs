namespace ReplyMint.Guide;

/// <summary>All controls, in the order of the catalogue. What stands here is promised; what nothing looks at yet says so.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Control> All { get; } = [.. BrowserControls.All, .. FrontControls.All, .. CloudControls.All, .. CareControls.All, .. MailControls.All];

    public static Control? Find(string id) => All.FirstOrDefault(control => control.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}

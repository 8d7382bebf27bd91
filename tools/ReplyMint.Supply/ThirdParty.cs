using System.Text;

namespace ReplyMint.Supply;

/// <summary>The page that names what others made; a test holds the page in docs to it.</summary>
internal static class ThirdParty
{
    public static string Write(IReadOnlyList<Part> parts)
    {
        var page = new StringBuilder("# What others made\n\n")
            .Append("What is in the native binary and not ours, with its licence. This page is written by `dotnet run --project tools/ReplyMint.Supply -- licences`; a test fails when it is stale, or when a licence comes in that asks for more than to be named.\n")
            .Append("The runtime's own parts are named in the THIRD-PARTY-NOTICES of its packages, which lie beside the binary in a release.\n\n")
            .Append("| part | version | licence | copyright | from |\n| --- | --- | --- | --- | --- |\n");
        Rows(parts.Where(part => !part.IsBuildTool));
        page.Append("\nWorks while it is built, and is not in it:\n\n| tool | version | licence | copyright | from |\n| --- | --- | --- | --- | --- |\n");
        Rows(parts.Where(part => part.IsBuildTool));
        return page.ToString();

        void Rows(IEnumerable<Part> rows)
        {
            foreach (var part in rows)
                page.Append("| ").AppendJoin(" | ", ((string?[])[part.Name, part.Version, part.Licence, part.Copyright, part.Repository]).Select(Cell)).Append(" |\n");
        }
    }

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ').Trim();
}

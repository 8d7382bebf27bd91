using System.CommandLine;
using ReplyMint.Cli.Commands;

namespace ReplyMint.Cli;

/// <summary>All commands. The server builds the same tree to understand what a client forwards.</summary>
internal static class CommandTree
{
    /// <summary>How the help shows them; a test holds that none is left out.</summary>
    public static IReadOnlyList<(string Title, string[] Names)> Groups { get; } =
    [
        ("Start", ["demo", "serve", "lambda"]),
        ("Mail", ["drafts", "messages", "thread", "outbox", "explain"]),
        ("Knowledge", ["knowledge", "eval"]),
        ("People and programs", ["operator", "user", "session", "key"]),
        ("Set-up", ["tenant", "mailbox", "channel", "webhook", "settings"]),
        ("Operation", ["doctor", "guide", "backup", "overview", "usage", "plan", "quality", "shadow", "switch", "alerts", "audit", "jobs", "suppression", "secrets"]),
        ("Privacy", ["erase", "hold", "retention", "export", "import", "consent"]),
        ("Incidents", ["incident", "access", "record"]),
    ];

    public static RootCommand Build(CommandHost host)
    {
        var root = new RootCommand("Answers mail.");
        foreach (var option in GlobalOptions.All)
            root.Options.Add(option);
        Command[] commands =
        [
            ServeCommand.Build(host), LambdaCommand.Build(host), DemoCommand.Build(host), ExplainCommand.Build(host), SettingsCommands.Build(host),
            DraftCommands.Build(), MessageCommands.Build(), ThreadCommands.Build(), OutboxCommands.Build(), KnowledgeCommands.Build(), EvalCommand.Build(host),
            TenantCommands.Build(), OperatorPeopleCommands.Build(), UserCommands.Build(), SessionCommands.Build(), KeyCommands.Build(), MailboxCommands.Build(), ChannelCommands.Build(), WebhookCommands.Build(),
            DoctorCommand.Build(host), BackupCommands.Build(host), DoctorCommand.BuildFacts(), GuideCommand.Build(host), GuideFacts.Build(), GuideFacts.Sign(), GuideRehearsal.Build(), SwitchCommands.Build(), AlertCommands.Build(), AuditCommands.Build(host), JobCommands.Build(), SuppressionCommands.Build(), UsageCommand.Build(), PlanCommands.Build(), OverviewCommand.Build(), QualityCommand.Build(), ShadowCommands.Build(), SecretCommands.Build(host),
            EraseCommands.Build(), HoldCommands.Build(), RetentionCommands.Build(), ExportCommands.Build(host), ImportCommands.Build(), ConsentCommands.Build(),
            IncidentCommands.Build(host), AccessCommands.Build(), RecordCommands.Build(),
        ];
        foreach (var command in commands)
            root.Subcommands.Add(command);
        Attach(root, host);
        return root;
    }

    /// <summary>Gives every store command its way to the store.</summary>
    private static void Attach(Command command, CommandHost host)
    {
        if (command is StoreCommand store)
            store.SetAction((parse, ct) => StoreRun.ActAsync(store, parse, host, ct));
        foreach (var child in command.Subcommands)
            Attach(child, host);
    }
}

using System.CommandLine;
Console.WriteLine("x" + typeof(RootCommand));

package dev.ctstream.cli;

import dev.ctstream.Rehearsal;
import dev.ctstream.cli.bundle.SupportBundleCommand;
import dev.ctstream.cli.demo.DemoCommand;
import dev.ctstream.cli.entries.EntriesCommand;
import dev.ctstream.cli.entries.ZonesCommand;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.cli.proof.ProofCommand;
import dev.ctstream.cli.topics.TopicsCommand;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.HostCheck;
import dev.ctstream.publish.Secrets;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program {@code ctstream}: finds the command, runs it, and turns errors into one line and an exit code. */
@Command(
        name = "ctstream",
        description = "Connection-tracking events of the Linux kernel, from netlink to Kafka.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:success",
            "1:failure",
            "2:wrong options or configuration",
            "3:missing privilege (CAP_NET_ADMIN) or kernel feature (ctnetlink)"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream demo                           everything once, in a private namespace",
            "  ctstream watch                          the kernel's events, without Kafka",
            "  ctstream run --embedded-kafka           a trial with an embedded broker",
            "  ctstream run --config ctstream.properties",
            "  ctstream read --bootstrap-server localhost:9092 --from-beginning",
            "  ctstream verify --bootstrap-server localhost:9092    proves that no event is missing"
        })
public final class Main implements Runnable {
    private static final int MAX_STRING_BYTES = 1 << 20;
    private static final int MAX_ITEMS = 1 << 20;

    /**
     * In the order of the usage text. Only the called command is created: creating all takes half a second of CPU time.
     */
    private static final List<String> COMMANDS = List.of(
            "run",
            "demo",
            "watch",
            "read",
            "verify",
            "lookup",
            "entries",
            "zones",
            "spool",
            "topics",
            "proof",
            "doctor",
            "support-bundle",
            "broker",
            "bench");

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces of errors.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    private final Console console;
    private final RunRequests requests;
    private final @Nullable Rehearsal rehearsal;

    private Main(Console console, RunRequests requests, @Nullable Rehearsal rehearsal) {
        this.console = console;
        this.requests = requests;
        this.rehearsal = rehearsal;
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        Console console = Console.system();
        RunRequests requests = RunRequests.ofSignals(console, arguments); // first: before anything that takes time
        limitRecords();
        // Beside all else that a start takes, if there is a second CPU.
        boolean rehearse = RunRequests.runsCollector(arguments) && HostCheck.problem() == null;
        System.exit(executeExactly(console, requests, rehearse ? Rehearsal.begin() : null, arguments));
    }

    /** Executes with arguments and environment as they were given, whatever the locale. */
    private static int executeExactly(
            Console console, RunRequests requests, @Nullable Rehearsal rehearsal, String... decoded) {
        String[] arguments;
        Console exact;
        try {
            arguments = ProcessText.arguments(ProcessText.ofKernel("cmdline"), decoded);
            exact = console.with(ProcessText.environment(ProcessText.ofKernel("environ"), console.environment()));
        } catch (CommandFailure e) {
            e.lines().forEach(console::fail);
            return e.exitCode();
        }
        return execute(exact, requests, rehearsal, arguments);
    }

    /** Runs a command in this JVM, without handling signals to {@code run}; returns its exit code. */
    public static int execute(Console console, String... arguments) {
        limitRecords();
        return execute(console, new RunRequests(), null, arguments);
    }

    private static int execute(
            Console console, RunRequests requests, @Nullable Rehearsal rehearsal, String... arguments) {
        List<String> problems = LogSettings.of(console.environment(), RunRequests.runsCollector(arguments));
        if (!problems.isEmpty()) {
            problems.forEach(console::fail);
            return ExitCode.USAGE;
        }
        Main main = new Main(console, requests, rehearsal);
        boolean named = arguments.length > 0 && COMMANDS.contains(arguments[0]);
        CommandLine line = main.line(named ? List.of(arguments[0]) : COMMANDS);
        line.registerConverter(Path.class, new Converters.FilePath())
                .setExpandAtFiles(false)
                .setUsageHelpWidth(console.columns())
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        console.colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
                .setExecutionStrategy(parsed -> {
                    refuseRepeatedKeys(parsed);
                    return new CommandLine.RunLast().execute(parsed);
                })
                .setParameterExceptionHandler(main::wrongOptions)
                .setExecutionExceptionHandler((error, command, result) -> main.failed(error));
        try {
            return line.execute(arguments);
        } catch (Error e) { // the JVM's own status for it would be that of a missing privilege, or of a crash
            return main.failed(e);
        }
    }

    /**
     * No record of ours has a string or a list as long as these: a length that says so is damage or an attack, and Avro
     * would take memory for it before it reads the bytes. Avro reads the limits once.
     */
    private static void limitRecords() {
        System.setProperty("org.apache.avro.limits.string.maxLength", Integer.toString(MAX_STRING_BYTES));
        System.setProperty("org.apache.avro.limits.bytes.maxLength", Integer.toString(MAX_STRING_BYTES));
        System.setProperty("org.apache.avro.limits.collectionItems.maxLength", Integer.toString(MAX_ITEMS));
    }

    /** All commands, for what is written about them; they are not run. */
    static CommandLine commands(Console console) {
        return new Main(console, new RunRequests(), null).line(COMMANDS);
    }

    private CommandLine line(List<String> names) {
        CommandLine line = new CommandLine(this);
        names.forEach(name -> line.addSubcommand(command(name)));
        return line;
    }

    private Object command(String name) {
        return switch (name) {
            case "run" -> new RunCommand(console, requests, rehearsal);
            case "demo" -> new DemoCommand(console);
            case "watch" -> new WatchCommand(console);
            case "read" -> new ReadCommand(console);
            case "verify" -> new VerifyCommand(console);
            case "lookup" -> new LookupCommand(console);
            case "entries" -> EntriesCommand.line(console);
            case "zones" -> ZonesCommand.line(console);
            case "spool" -> SpoolCommand.line(console);
            case "topics" -> TopicsCommand.line(console);
            case "proof" -> ProofCommand.line(console);
            case "doctor" -> new DoctorCommand(console);
            case "support-bundle" -> new SupportBundleCommand(console);
            case "broker" -> new BrokerCommand(console);
            case "bench" -> BenchCommand.line(console);
            default -> throw new IllegalArgumentException(name);
        };
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }

    /** A key that -D gives twice has two values, and nobody knows which one was meant. */
    private static void refuseRepeatedKeys(CommandLine.ParseResult parsed) {
        Set<String> keys = new HashSet<>();
        CommandLine.Model.OptionSpec properties = parsed.matchedOption("-D");
        for (String text : properties == null ? List.<String>of() : properties.originalStringValues()) {
            String key = text.substring(0, Math.max(text.indexOf('='), 0)).strip();
            if (!keys.add(key)) {
                throw new ParameterException(
                        parsed.commandSpec().commandLine(), "-D " + key + " is given twice; leave one out");
            }
        }
        parsed.subcommands().forEach(Main::refuseRepeatedKeys);
    }

    private int wrongOptions(ParameterException error, String[] arguments) {
        CommandLine command = error.getCommandLine();
        if (error instanceof MissingCommand) {
            command.usage(command.getErr());
        }
        console.fail(oneLine(OptionErrorText.of(error)));
        CommandLine.UnmatchedArgumentException.printSuggestions(error, command.getErr());
        console.say("see " + command.getCommandSpec().qualifiedName() + " --help");
        trace(error);
        return ExitCode.USAGE;
    }

    private int failed(Throwable error) {
        int code = ExitCode.FAILURE;
        if (error instanceof CommandFailure failure) {
            failure.lines().forEach(text -> console.fail(oneLine(text)));
            code = failure.exitCode();
        } else if (error instanceof IOException io && Console.brokenPipe(io)) {
            return ExitCode.OK; // the reader has closed the pipe: it has seen enough
        } else if (error instanceof IOException) {
            console.fail("cannot write the output: " + oneLine(ErrorText.of(error)));
        } else if (error instanceof InvalidPathException || error instanceof VirtualMachineError) {
            console.fail(oneLine(ErrorText.of(error)));
            code = error instanceof InvalidPathException ? ExitCode.USAGE : code;
        } else {
            console.fail("unexpected error: " + oneLine(ErrorText.of(error))
                    + "; please report it, with the output of the same command with --debug");
        }
        trace(error);
        return code;
    }

    private void trace(Throwable error) {
        if (debug) {
            StringWriter trace = new StringWriter();
            error.printStackTrace(new PrintWriter(trace));
            console.err().print(Secrets.withoutNoteKeys(trace.toString()));
        }
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*[\r\n]+\\s*", " | ");
    }
}

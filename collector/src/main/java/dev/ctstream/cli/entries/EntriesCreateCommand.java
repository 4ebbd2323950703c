package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFile;
import dev.ctstream.admin.Failure;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Json;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream entries create}. */
@Command(
        name = "create",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Create: add the entry that the options describe, or many entries from a file. Missing fields are"
                + " not made up, except the reply tuple, which defaults to the inverse of the original."
                + " Reports one line per entry.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream entries create --protocol udp --source 10.0.0.1 --source-port 5000 --destination 10.0.0.2 \\",
            "      --destination-port 53 --timeout 60 --zone 7",
            "  ctstream entries create --file flows.csv             first line: names of options without dashes",
            "  ctstream entries list -o json | ctstream entries create --netns other --file -"
        })
final class EntriesCreateCommand extends TableCommand {
    static final List<String> FIELDS = EntriesCommand.creating();

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "Read entries from a file, JSON objects or CSV, one per line; - for standard input.")
    private @Nullable String file;

    @Option(
            names = "--replace",
            description = "Change an existing entry with the same original tuple, or delete and recreate it if it"
                    + " cannot be changed (NAT, reply tuple, status bits to clear). Without it: EEXIST.")
    private boolean replace;

    @Option(names = "--dry-run", description = "Only read and check the entries.")
    private boolean dryRun;

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "Format of the report.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private final ChangeRecord record = new ChangeRecord();

    private Map<String, String> given = Map.of();
    private @Nullable FlowSpec single;
    private long created;
    private long failed;
    private @Nullable String firstError;

    EntriesCreateCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() throws FieldException {
        given = EntryOptions.given(spec(), FIELDS);
        if (file != null && !given.isEmpty()) {
            throw usage("--file reads the entries from the file: leave out " + EntryOptions.words(given));
        }
        if (file == null) {
            single = EntryFields.spec(given, "--");
        }
    }

    @Override
    int run(Entries entries) throws CommandFailure, IOException {
        if (!dryRun) {
            record.open(this);
        }
        try (record) {
            createAll(entries);
        }
        console().out().flush();
        String word = dryRun ? "would create " : "created ";
        console().say(word + created + (failed == 0 ? "" : ", failed " + failed));
        return failed == 0 && record.recordedIfRequired() ? ExitCode.OK : ExitCode.FAILURE;
    }

    private void createAll(Entries entries) throws CommandFailure, IOException {
        try {
            if (single != null) {
                create(entries, "", single);
            } else {
                fromFile(entries);
            }
        } finally {
            if (!dryRun) {
                String operation = replace ? "update" : "create";
                record.write(this, operation, null, entries, new ChangeRecord.Counts(created, failed, firstError));
            }
        }
    }

    private void fromFile(Entries entries) throws CommandFailure, IOException {
        String name = String.valueOf(file);
        try (BufferedReader in = name.equals("-")
                ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                : Files.newBufferedReader(Path.of(name))) {
            EntryFile lines = new EntryFile(in);
            boolean more = true;
            while (more) {
                more = line(entries, lines);
            }
        } catch (NetlinkException e) {
            throw e;
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "--file " + name + ": " + e, e);
        }
    }

    private boolean line(Entries entries, EntryFile lines) throws IOException {
        try {
            Map<String, String> fields = lines.next();
            if (fields == null) {
                return false;
            }
            create(entries, "line " + lines.lineNumber(), EntryFields.spec(fields, ""));
        } catch (FieldException e) {
            report("line " + lines.lineNumber(), null, String.join("; ", e.problems()));
        }
        return true;
    }

    private void create(Entries entries, String where, FlowSpec flow) throws IOException {
        try {
            String result =
                    dryRun ? "valid" : entries.create(flow, replace).name().toLowerCase(Locale.ROOT);
            created++;
            report(where, result, flow.original() + " " + flow.zone());
        } catch (NetlinkException e) {
            Failure failure = Entries.createFailure(e);
            if (e.errno() == Errno.EPERM || e.errno() == Errno.EIO) {
                throw e;
            }
            report(where, null, failure.text());
        }
    }

    /** Reports one entry; a null result means failure. */
    private void report(String where, @Nullable String result, String text) throws IOException {
        if (result == null) {
            failed++;
            firstError = firstError == null ? text : firstError;
            console().say(where.isEmpty() ? text : where + ": " + text);
        }
        String place = where.isEmpty() ? "" : where + ": ";
        if (format == OutputFormat.JSON) {
            String line = where.isEmpty() ? "" : "\"line\":" + where.substring("line ".length()) + ",";
            console()
                    .out()
                    .write(("{" + line + "\"result\":\"" + (result == null ? "failed" : result) + "\",\""
                                    + (result == null ? "error" : "entry") + "\":" + Json.quoted(text) + "}\n")
                            .getBytes(StandardCharsets.UTF_8));
        } else if (result != null) {
            console().out().write((place + result + " " + text + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }
}

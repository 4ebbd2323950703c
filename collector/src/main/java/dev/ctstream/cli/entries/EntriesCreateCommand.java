package dev.ctstream.cli.entries;

import dev.ctstream.admin.Difference;
import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFile;
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
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RegularFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
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
                + " not made up, except one of the two tuples, which defaults to the inverse of the other."
                + " Reads each entry back and reports it on one line, with everything that the kernel made"
                + " different from what was asked for.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream entries create --protocol udp --source 10.0.0.1 --source-port 5000 --destination 10.0.0.2 \\",
            "      --destination-port 53 --timeout 60 --zone 7",
            "  ctstream entries create --file flows.csv             first line: names of options without dashes",
            "  ctstream entries list -o json | ctstream entries create --netns other --file -"
        })
final class EntriesCreateCommand extends TableCommand {
    /** Bound of the entries that wait for their master; 1 KiB each. */
    private static final int MAX_WAITING = 65_536;

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

    @Option(
            names = "--strict",
            description =
                    "Exit with 1 if the kernel made any entry different from what was asked for. The entry stays.")
    private boolean strict;

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
    private long different;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private @Nullable String firstError;

    /** An expected entry whose master was not there; it may come in a later line. */
    private record Waiting(String where, FlowSpec flow) {}

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
        console()
                .say(word
                        + created
                        + (different == 0 ? "" : ", of these " + different + " not as asked for")
                        + (failed == 0 ? "" : ", failed " + failed));
        boolean good = failed == 0 && record.recordedIfRequired() && !(strict && different > 0);
        return good ? ExitCode.OK : ExitCode.FAILURE;
    }

    private void createAll(Entries entries) throws CommandFailure, IOException {
        try {
            if (single != null) {
                create(entries, "", single);
            } else {
                fromFile(entries);
            }
            createWaiting(entries);
        } finally {
            if (!dryRun) {
                String operation = replace ? "update" : "create";
                record.write(this, operation, null, entries, new ChangeRecord.Counts(created, failed, firstError));
            }
        }
    }

    private void fromFile(Entries entries) throws CommandFailure, IOException {
        String name = String.valueOf(file);
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(input(name), StandardCharsets.UTF_8.newDecoder()))) {
            EntryFile lines = new EntryFile(in);
            boolean more = true;
            while (more) {
                more = line(entries, lines);
            }
        } catch (NetlinkException e) {
            throw e;
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "--file " + ErrorText.ofFile(Path.of(name), e), e);
        }
    }

    private static InputStream input(String name) throws IOException {
        if (name.equals("-")) {
            return System.in;
        }
        RegularFile.require(Path.of(name));
        return Files.newInputStream(Path.of(name));
    }

    /** Tries the expected entries again until no master has come. A listing is in no useful order. */
    private void createWaiting(Entries entries) throws IOException {
        int before;
        do {
            before = waiting.size();
            for (int i = 0; i < before; i++) {
                Waiting next = waiting.remove();
                create(entries, next.where(), next.flow());
            }
        } while (!waiting.isEmpty() && waiting.size() < before);
        for (Waiting left : waiting) {
            failure(
                    left.where(),
                    "create entry " + left.flow().original() + " " + left.flow().zone() + ": its master "
                            + left.flow().extras().master() + " is not in this zone; create that entry first");
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
            failure("line " + lines.lineNumber(), String.join("; ", e.problems()));
        }
        return true;
    }

    private void create(Entries entries, String where, FlowSpec flow) throws IOException {
        String entry = flow.original() + " " + flow.zone();
        if (dryRun) {
            created++;
            report(where, new Report("valid", entry, List.of()));
            return;
        }
        try {
            Entries.Made made = entries.make(flow, replace);
            created++;
            different += made.differences().isEmpty() ? 0 : 1;
            report(where, new Report(made.how().name().toLowerCase(Locale.ROOT), entry, made.differences()));
        } catch (NetlinkException e) {
            if (e.errno() == Errno.EPERM || e.errno() == Errno.EIO) {
                throw e;
            }
            if (e.errno() == Errno.ENOENT && flow.extras().master() != null && waiting.size() < MAX_WAITING) {
                waiting.add(new Waiting(where, flow));
            } else {
                failure(where, Entries.createFailure(e).text());
            }
        }
    }

    /** What became of an entry. */
    private record Report(String result, String entry, List<Difference> differences) {
        String text() {
            StringBuilder text = new StringBuilder(result).append(' ').append(entry);
            differences.forEach(
                    difference -> text.append("; not as asked for: ").append(difference.text()));
            return text.toString();
        }

        String json() {
            StringBuilder json = new StringBuilder("\"result\":\"" + result + "\",\"entry\":" + Json.quoted(entry));
            String separator = ",\"differences\":[";
            for (Difference difference : differences) {
                json.append(separator).append("{\"field\":").append(Json.quoted(difference.field()));
                json.append(",\"asked\":").append(Json.quoted(difference.asked()));
                json.append(",\"is\":").append(Json.quoted(difference.is()));
                json.append(",\"reason\":")
                        .append(Json.quoted(difference.reason()))
                        .append('}');
                separator = ",";
            }
            return json.append(differences.isEmpty() ? "" : "]").toString();
        }
    }

    private void report(String where, Report report) throws IOException {
        print(where, format == OutputFormat.JSON ? report.json() : report.text());
    }

    /** Reports an entry that was not created. */
    private void failure(String where, String text) throws IOException {
        failed++;
        firstError = firstError == null ? text : firstError;
        console().say(where.isEmpty() ? text : where + ": " + text);
        if (format == OutputFormat.JSON) {
            print(where, "\"result\":\"failed\",\"error\":" + Json.quoted(text));
        }
    }

    private void print(String where, String text) throws IOException {
        String line = where.isEmpty() ? text : where + ": " + text;
        if (format == OutputFormat.JSON) {
            line = "{" + (where.isEmpty() ? "" : "\"line\":" + where.substring("line ".length()) + ",") + text + "}";
        }
        console().out().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
}

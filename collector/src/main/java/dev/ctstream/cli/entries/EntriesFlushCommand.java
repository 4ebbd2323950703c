package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.admin.Entries.Flushed;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.Failure;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream entries flush}. */
@Command(
        name = "flush",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Flush: delete all entries of a zone, of a family, or of the namespace, with one request to"
                + " the kernel. If the kernel would ignore the zone, the zone is deleted entry by entry instead.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream entries flush --zone 7",
            "  ctstream entries flush --family ipv6",
            "  ctstream entries flush --all --netns blue"
        })
final class EntriesFlushCommand extends TableCommand {
    private static final List<String> FIELDS = List.of("zone", "family");

    @Option(names = "--all", description = "Flush every entry of the namespace.")
    private boolean all;

    @Option(names = "--dry-run", description = "Only count the entries that would be deleted.")
    private boolean dryRun;

    @SuppressWarnings("UnusedVariable") // taken so that a script can give it to either command
    @Option(names = "--yes", description = "Accepted as in ctstream entries delete; a flush never asks.")
    private boolean yes;

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "Format of the report.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private final ChangeRecord record = new ChangeRecord();

    private Flush flush = new Flush.Zone(0);
    private String words = "";
    private @Nullable String firstError;

    EntriesFlushCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() throws FieldException {
        Map<String, String> given = EntryOptions.given(spec(), FIELDS);
        if (given.size() + (all ? 1 : 0) != 1) {
            throw usage("give exactly one of --zone N, --family ipv4|ipv6 and --all"
                    + (given.size() + (all ? 1 : 0) == 0 ? "" : "; to combine them: ctstream entries delete"));
        }
        EntryFilter filter = EntryFields.filter(given, "--");
        if (all) {
            flush = new Flush.Everything();
            words = "--all";
            return;
        }
        words = EntryOptions.words(given);
        Integer zone = filter.kernel().zone();
        flush = zone == null ? new Flush.Family(filter.kernel().family()) : new Flush.Zone(zone);
    }

    @Override
    int run(Entries entries) throws CommandFailure, IOException {
        if (dryRun) {
            report("would flush", entries.count(EntryFilter.of(flush)));
            return ExitCode.OK;
        }
        record.open(this);
        try (record) {
            return flush(entries);
        }
    }

    private int flush(Entries entries) throws CommandFailure, IOException {
        Flushed flushed;
        try {
            flushed = entries.flush(flush, this::failed);
        } catch (NetlinkException e) {
            record.write(this, "flush", words, entries, new ChangeRecord.Counts(0, 1, e.getMessage()));
            throw e;
        }
        record.write(this, "flush", words, entries, counts(flushed));
        Deleted oneByOne = flushed.oneByOne();
        if (oneByOne != null) {
            console().say("this kernel cannot flush a zone: deleted entry by entry");
        }
        report("flushed", oneByOne == null ? flushed.entries() : oneByOne.deleted());
        return counts(flushed).failed() == 0 && record.recordedIfRequired() ? ExitCode.OK : ExitCode.FAILURE;
    }

    private ChangeRecord.Counts counts(Flushed flushed) {
        Deleted oneByOne = flushed.oneByOne();
        return oneByOne == null
                ? new ChangeRecord.Counts(flushed.entries(), 0, firstError)
                : new ChangeRecord.Counts(oneByOne.deleted(), oneByOne.failed(), firstError);
    }

    private void failed(Failure failure) {
        firstError = firstError == null ? failure.message() : firstError;
        console().say(failure.text());
    }

    private void report(String word, long count) throws IOException {
        console()
                .print(
                        format == OutputFormat.JSON
                                ? "{\"" + word.replace(' ', '_') + "\":" + count + "}\n"
                                : word + " " + count + "\n");
    }
}

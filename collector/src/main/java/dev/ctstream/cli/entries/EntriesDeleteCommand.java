package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.Failure;
import dev.ctstream.admin.FieldException;
import dev.ctstream.admin.Selection;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Confirmation;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream entries delete}. */
@Command(
        name = "delete",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Delete: the entries that match all options. They are listed first, and each is deleted by"
                + " its tuple, zone and id, so a later flow with the same tuple stays.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream entries delete --zone 7 --source 10.0.0.1 --dry-run",
            "  ctstream entries delete --mark 0x10/0xf0 --status '!ASSURED' --yes"
        })
final class EntriesDeleteCommand extends TableCommand {
    /** Up to this many entries are deleted without a question. */
    private static final int MAX_UNCONFIRMED = 100;

    @Option(names = "--dry-run", description = "Only show which entries would be deleted.")
    private boolean dryRun;

    @Option(
            names = "--yes",
            description = "Do not ask before deleting more than " + MAX_UNCONFIRMED
                    + " entries; required without a terminal.")
    private boolean yes;

    @Option(
            names = "-o",
            paramLabel = EntryFormat.WORDS,
            defaultValue = "text",
            converter = EntryFormat.Converter.class,
            description = "Format of the --dry-run listing and of the report.")
    private EntryFormat format = EntryFormat.TEXT;

    @Mixin
    private final ChangeRecord record = new ChangeRecord();

    private Map<String, String> given = Map.of();
    private EntryFilter filter = EntryFilter.ALL;
    private @Nullable String firstError;

    EntriesDeleteCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() throws FieldException {
        given = EntryOptions.given(spec(), EntryFields.COMMON);
        if (given.isEmpty()) {
            throw usage("no entries selected: give options such as --zone 7; to delete all entries: ctstream entries"
                    + " flush --all");
        }
        filter = EntryFields.filter(given, "--");
    }

    @Override
    int run(Entries entries) throws CommandFailure, IOException {
        try (Selection selection = entries.select(filter)) {
            if (dryRun) {
                selection.forEach(format.printer(console(), netns()));
                console().out().flush();
                console().say("would delete " + selection.count());
                return ExitCode.OK;
            }
            confirm(selection.count());
            record.open(this);
            try (record) {
                return delete(entries, selection);
            }
        }
    }

    private void confirm(long count) throws CommandFailure, IOException {
        if (!yes && count > MAX_UNCONFIRMED) {
            Confirmation.require(
                    console(),
                    count + " entries would be deleted: without a terminal, more than " + MAX_UNCONFIRMED
                            + " need --yes; --dry-run shows them",
                    "delete " + count + " entries",
                    "nothing was deleted");
        }
    }

    private int delete(Entries entries, Selection selection) throws CommandFailure, IOException {
        try {
            selection.delete(this::failed);
        } catch (NetlinkException e) {
            firstError = firstError == null ? e.getMessage() : firstError;
            record(entries, selection.result(), 1);
            throw e;
        }
        Deleted deleted = selection.result();
        record(entries, deleted, 0);
        console().print(report(deleted));
        return deleted.failed() == 0 && record.recordedIfRequired() ? ExitCode.OK : ExitCode.FAILURE;
    }

    private void record(Entries entries, Deleted deleted, int ended) {
        ChangeRecord.Counts counts = new ChangeRecord.Counts(deleted.deleted(), deleted.failed() + ended, firstError);
        record.write(this, "delete", EntryOptions.words(given), entries, counts);
    }

    private void failed(Failure failure) {
        firstError = firstError == null ? failure.message() : firstError;
        console().say(failure.text());
    }

    private String report(Deleted deleted) {
        if (format == EntryFormat.JSON) {
            return "{\"deleted\":" + deleted.deleted() + ",\"gone\":" + deleted.gone() + ",\"changed\":"
                    + deleted.changed() + ",\"failed\":" + deleted.failed() + "}\n";
        }
        return "deleted " + deleted.deleted()
                + (deleted.gone() == 0 ? "" : ", " + deleted.gone() + " were already gone")
                + (deleted.changed() == 0 ? "" : ", " + deleted.changed() + " no longer match the options")
                + (deleted.failed() == 0 ? "" : ", failed " + deleted.failed())
                + "\n";
    }
}

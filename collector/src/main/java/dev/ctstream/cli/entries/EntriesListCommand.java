package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.EntryHandler;
import dev.ctstream.admin.EntryOrder;
import dev.ctstream.admin.EntryPrinter;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Counted;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Progress;
import dev.ctstream.cli.Version;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream entries list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "List: print the entries that match all options, one per line, in the kernel's order or sorted.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream entries list --zone 7 --protocol tcp --state ESTABLISHED",
            "  ctstream entries list --source 10.0.0.0/8 --sort -bytes -o json",
            "  ctstream entries list -o conntrack          the same lines as conntrack -L -o id,extended"
        })
final class EntriesListCommand extends TableCommand {
    @Option(
            names = "-o",
            paramLabel = EntryFormat.WORDS,
            defaultValue = "text",
            converter = EntryFormat.Converter.class,
            description = "text: for people. json: one object per line, under the Avro names of events. conntrack:"
                    + " as conntrack -L -o id,extended.")
    private EntryFormat format = EntryFormat.TEXT;

    @Option(
            names = "--sort",
            paramLabel = "[-]KEY",
            description = "Sort by one of " + EntryOrder.NAMES
                    + "; a leading - sorts in descending order. More than 16 MiB of entries go to temporary files.")
    private @Nullable String sort;

    private EntryFilter filter = EntryFilter.ALL;
    private @Nullable EntryOrder order;

    EntriesListCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() throws FieldException {
        filter = EntryFields.filter(EntryOptions.given(spec(), EntryFields.COMMON), "--");
        if (sort != null) {
            order = EntryOrder.of(sort)
                    .orElseThrow(() -> usage("--sort: '" + sort + "' is not one of " + EntryOrder.NAMES));
        }
    }

    @Override
    int run(Entries entries) throws IOException {
        EntryPrinter printer = format.printer(console(), netns());
        Progress progress = new Progress(console());
        long[] printed = {0};
        EntryHandler handler = entry -> {
            printer.onEntry(entry);
            progress.count(++printed[0], "entry", "entries");
        };
        if (order == null) {
            entries.list(filter, handler);
        } else {
            entries.list(filter, order, handler);
        }
        progress.end();
        console().out().flush();
        console().say(Counted.of(printed[0], "entry", "entries"));
        return ExitCode.OK;
    }
}

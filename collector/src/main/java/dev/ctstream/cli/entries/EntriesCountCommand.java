package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFields;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream entries count}. */
@Command(
        name = "count",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Count: the number of entries that match all options, in total or per zone.",
        footerHeading = "%nExamples:%n",
        footer = {"  ctstream entries count --protocol udp", "  ctstream entries count --per-zone -o json"})
final class EntriesCountCommand extends TableCommand {
    @Option(names = "--per-zone", description = "One line per zone: its number and its count.")
    private boolean perZone;

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: numbers. json: one object per line.")
    private OutputFormat format = OutputFormat.TEXT;

    private EntryFilter filter = EntryFilter.ALL;

    EntriesCountCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() throws FieldException {
        filter = EntryFields.filter(EntryOptions.given(spec(), EntryFields.COMMON), "--");
    }

    @Override
    int run(Entries entries) throws IOException {
        boolean json = format == OutputFormat.JSON;
        StringBuilder text = new StringBuilder();
        if (perZone) {
            entries.zones(filter).forEach(zone -> {
                if (zone.entries() > 0) {
                    text.append(
                            json
                                    ? "{\"zone\":" + zone.zone() + ",\"entries\":" + zone.entries() + "}\n"
                                    : "zone " + zone.zone() + ": " + zone.entries() + "\n");
                }
            });
        } else {
            long count = entries.count(filter);
            text.append(json ? "{\"entries\":" + count + "}\n" : count + "\n");
        }
        console().print(text.toString());
        return ExitCode.OK;
    }
}

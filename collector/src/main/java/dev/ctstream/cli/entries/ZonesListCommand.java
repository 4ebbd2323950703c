package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.ZoneCounts;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream zones list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "List: the zones in use, lowest first. Columns: entries of the zone, and entries whose original or"
                        + " reply direction is in the zone. They differ for directional zones, whose other"
                        + " direction is in zone 0.")
final class ZonesListCommand extends TableCommand {
    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: a table. json: one object per line.")
    private OutputFormat format = OutputFormat.TEXT;

    ZonesListCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() {}

    @Override
    int run(Entries entries) throws IOException {
        StringBuilder text = new StringBuilder();
        if (format == OutputFormat.TEXT) {
            text.append(" ZONE    ENTRIES   ORIGINAL      REPLY\n");
        }
        entries.zones(EntryFilter.ALL).forEach(zone -> text.append(line(zone)));
        console().print(text.toString());
        return ExitCode.OK;
    }

    private String line(ZoneCounts.Zone zone) {
        String form = format == OutputFormat.JSON
                ? "{\"zone\":%d,\"entries\":%d,\"original\":%d,\"reply\":%d}%n"
                : "%5d %10d %10d %10d%n";
        return String.format(
                Locale.ROOT, form, zone.zone(), zone.entries(), zone.originalDirections(), zone.replyDirections());
    }
}

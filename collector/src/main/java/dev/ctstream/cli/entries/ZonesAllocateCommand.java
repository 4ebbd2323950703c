package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.ZoneAllocator;
import dev.ctstream.admin.ZoneAllocator.NoFreeZoneException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import java.io.IOException;
import java.security.SecureRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream zones allocate}. */
@Command(
        name = "allocate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Allocate: print a zone without entries. With --reserve, an entry marks the zone; if two processes"
                        + " want the same zone, only one gets it. The mark lasts --timeout seconds or until it is"
                        + " deleted (ctstream entries flush --zone N). A rule may use a zone that has no flow: choose a"
                        + " range that no rule uses.",
        footerHeading = "%nExamples:%n",
        footer = {"  ctstream zones allocate --from 1000 --to 1999 --reserve --timeout 3600"})
final class ZonesAllocateCommand extends TableCommand {
    @Option(
            names = "--from",
            paramLabel = "A",
            defaultValue = "1",
            converter = Converters.Zone.class,
            description = "Lowest zone, 0..65535. Default: ${DEFAULT-VALUE}.")
    private int from = 1;

    @Option(
            names = "--to",
            paramLabel = "B",
            defaultValue = "65535",
            converter = Converters.Zone.class,
            description = "Highest zone, 0..65535. Default: ${DEFAULT-VALUE}.")
    private int to;

    @Option(names = "--random", description = "A random free zone instead of the lowest.")
    private boolean random;

    @Option(names = "--reserve", description = "Reserve the zone.")
    private boolean reserve;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "3600",
            converter = Converters.Seconds.class,
            description = "Lifetime of a reservation in seconds. Default: ${DEFAULT-VALUE}.")
    private int timeoutSeconds;

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: the number. json: an object.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private final ChangeRecord record = new ChangeRecord();

    private ZoneAllocator.Range range = new ZoneAllocator.Range(0, 0);

    ZonesAllocateCommand(Console console) {
        super(console);
    }

    @Override
    void prepare() {
        if (from > to) {
            throw usage("--from " + from + " is above --to " + to);
        }
        range = new ZoneAllocator.Range(from, to);
    }

    @Override
    int run(Entries entries) throws CommandFailure, IOException {
        ZoneAllocator allocator = new ZoneAllocator(entries, random ? new SecureRandom() : null);
        try {
            return print(reserve ? reserve(entries, allocator) : allocator.find(range));
        } catch (NoFreeZoneException e) {
            throw new CommandFailure(ExitCode.FAILURE, e.getMessage() + "; widen --from and --to, or flush a zone", e);
        }
    }

    private int reserve(Entries entries, ZoneAllocator allocator)
            throws CommandFailure, IOException, NoFreeZoneException {
        record.open(this);
        try (record) {
            int zone = allocator.reserve(range, timeoutSeconds);
            record.write(this, "reserve", "--zone " + zone, entries, new ChangeRecord.Counts(1, 0, null));
            return zone;
        }
    }

    private int print(int zone) throws IOException {
        console()
                .print(
                        format == OutputFormat.JSON
                                ? "{\"zone\":" + zone + ",\"reserved\":" + reserve + "}\n"
                                : zone + "\n");
        return record.recordedIfRequired() ? ExitCode.OK : ExitCode.FAILURE;
    }
}

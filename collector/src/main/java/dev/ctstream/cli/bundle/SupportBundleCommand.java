package dev.ctstream.cli.bundle;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.netlink.ErrorText;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream support-bundle}. */
@Command(
        name = "support-bundle",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Gather in one file what a report of a problem needs.",
        description = "Write a tar file with the version, the configuration, what doctor finds, what the running"
                + " collector answers at http.listen, the list of the spool, the kernel's settings, and the end of a log."
                + " Passwords, tokens and keys are hidden; addresses and names of hosts are replaced, each by the same"
                + " name throughout. It has no event of the spool. Run it as the collector's user, with its"
                + " configuration. Look it through before you send it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream support-bundle --config /etc/ctstream/ctstream.properties",
            "  journalctl -u ctstream -n 2000 > ctstream.log; ctstream support-bundle --config FILE --log ctstream.log",
            "  tar xf ctstream-support-20260102-030405.tar"
        })
public final class SupportBundleCommand implements Callable<Integer> {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration file in properties format.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--log", paramLabel = "FILE", description = "The collector's log; its last MiB is taken.")
    private @Nullable Path log;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "The file that is written, which must not exist; by default"
                    + " ctstream-support-TIME.tar in this directory.")
    private @Nullable Path output;

    private final Console console;

    /** The command. */
    public SupportBundleCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure {
        LogSettings.forPeople();
        Instant now = Instant.now();
        Path file = output == null ? Path.of("ctstream-support-" + STAMP.format(now) + ".tar") : output;
        int files;
        try (TarFile tar = new TarFile(create(file), now.getEpochSecond())) {
            Map<String, String> contents =
                    new BundleContents(console, Optional.ofNullable(config), keys, Optional.ofNullable(log)).gather();
            String folder = "ctstream-support-" + STAMP.format(now) + "/";
            for (Map.Entry<String, String> entry : contents.entrySet()) {
                tar.add(folder + entry.getKey(), entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
            files = contents.size();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "cannot write " + ErrorText.ofFile(file, e), e);
        }
        console.say("wrote " + file + " with " + files + " files; look it through before you send it");
        return ExitCode.OK;
    }

    private static OutputStream create(Path file) throws IOException {
        return new BufferedOutputStream(Channels.newOutputStream(Files.newByteChannel(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))));
    }
}

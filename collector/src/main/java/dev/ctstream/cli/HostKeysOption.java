package dev.ctstream.cli;

import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The file with the public keys of hosts, for commands that need it. */
public final class HostKeysOption {
    static final String NAME = "--key";
    static final String DESCRIPTION =
            "FILE has the hosts' public keys, one a line, as ctstream proof key show prints them.";

    /** Some keys of each of 25 000 hosts. */
    private static final int MOST_BYTES = 1 << 24;

    @Option(names = NAME, required = true, paramLabel = "FILE", description = DESCRIPTION)
    private Path file = Path.of("");

    /** Reads the file. */
    public TrustedKeys read() throws CommandFailure {
        return read(file);
    }

    static TrustedKeys read(Path file) throws CommandFailure {
        try {
            return TrustedKeys.parse(new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, NAME + " " + ErrorText.ofFile(file, e), e);
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.USAGE, NAME + " " + file + ": " + e.getMessage(), e);
        }
    }
}

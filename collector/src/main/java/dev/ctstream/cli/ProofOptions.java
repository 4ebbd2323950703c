package dev.ctstream.cli;

import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.ProofAudit;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options for checking against what hosts have signed. */
public final class ProofOptions {
    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "Also prove that nobody altered the records: FILE has the hosts' public keys, one a line, as"
                    + " ctstream proof key show prints them.")
    private @Nullable Path keyFile;

    @Option(
            names = "--checkpoints",
            paramLabel = "FILE",
            description =
                    "With --key: checkpoints that were kept elsewhere, each a signed note and an empty line. The topics"
                            + " must reach them.")
    private @Nullable Path checkpointsFile;

    /** Reads a file of public keys. */
    public static TrustedKeys keys(Path file) throws CommandFailure {
        try {
            return TrustedKeys.parse(SmallFile.text(file));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "--key " + ErrorText.ofFile(file, e), e);
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.USAGE, "--key " + file + ": " + e.getMessage(), e);
        }
    }

    /** Begins to check; null when nobody asked for it. */
    @Nullable
    ProofAudit audit() throws CommandFailure, IOException {
        if (keyFile == null) {
            if (checkpointsFile != null) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints needs --key");
            }
            return null;
        }
        ProofAudit audit = new ProofAudit(keys(keyFile));
        if (checkpointsFile != null) {
            try {
                audit.kept(CheckpointsFile.parse(SmallFile.text(checkpointsFile)));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints " + ErrorText.ofFile(checkpointsFile, e), e);
            } catch (NoteException e) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints " + checkpointsFile + ": " + e.getMessage(), e);
            }
        }
        return audit;
    }
}

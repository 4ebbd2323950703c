package dev.ctstream.cli;

import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.ProofAudit;
import dev.ctstream.record.proof.NoteException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of {@code verify}, for checking against what hosts have signed. */
final class ProofOptions {
    @Option(
            names = HostKeysOption.NAME,
            paramLabel = "FILE",
            description = "Also prove that nobody altered the records: " + HostKeysOption.DESCRIPTION)
    private @Nullable Path keyFile;

    @Option(
            names = "--checkpoints",
            paramLabel = "FILE",
            description =
                    "With --key: checkpoints that were kept elsewhere, as ctstream proof witness keeps them. The topics"
                            + " must reach them.")
    private @Nullable Path checkpointsFile;

    /** Begins to check; null when nobody asked for it. */
    @Nullable
    ProofAudit audit() throws CommandFailure, IOException {
        if (keyFile == null) {
            if (checkpointsFile != null) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints needs --key");
            }
            return null;
        }
        ProofAudit audit = new ProofAudit(HostKeysOption.read(keyFile));
        if (checkpointsFile != null) {
            try {
                audit.kept(CheckpointsFile.parse(SmallFile.read(checkpointsFile, CheckpointsFile.MOST_BYTES)));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints " + ErrorText.ofFile(checkpointsFile, e), e);
            } catch (NoteException e) {
                throw new CommandFailure(ExitCode.USAGE, "--checkpoints " + checkpointsFile + ": " + e.getMessage(), e);
            }
        }
        return audit;
    }
}

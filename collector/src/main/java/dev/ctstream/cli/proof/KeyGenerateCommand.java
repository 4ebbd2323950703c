package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ctstream proof key generate}: makes a key. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Make a new key for this host, in a file that only its owner can read, and print its public key."
                + " Keep the public key elsewhere: whoever checks the log needs it, from a source that they trust.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream proof key generate /etc/ctstream/proof.key",
            "  ctstream proof key generate --witness witness.example/w1 witness.key"
        })
final class KeyGenerateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "Where to put the private key; it must not exist.")
    private Path file = Path.of("");

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Configuration of the collector, for host.id. Without it, the host.id of run's defaults.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key; works without --config too.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(
            names = "--witness",
            paramLabel = "NAME",
            description = "Make the key of a witness of this name instead, for ctstream proof witness.")
    private @Nullable String witness;

    private final Console console;

    KeyGenerateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure {
        try {
            String name = witness;
            ProofKeyFile made = name == null
                    ? ProofKeyFile.generate(hostId())
                    : new ProofKeyFile(NoteSigner.generate(name, NoteKey.COSIGNATURE), List.of());
            made.create(file);
            console.print(made.signer().key() + "\n");
            return ExitCode.OK;
        } catch (IOException e) {
            throw KeyCommand.failure(e);
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private String hostId() throws CommandFailure {
        try {
            return Configuration.load(new ConfigSources(
                            Optional.ofNullable(config), console.environment(), keys, HostFacts.current(), false))
                    .collector()
                    .host()
                    .id();
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }
}

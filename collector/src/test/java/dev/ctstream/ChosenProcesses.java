package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Starts a collector that sees some processes of this host only, so that a test leaves the host's namespaces alone. */
public final class ChosenProcesses {
    private final Path folder;

    /** None yet; in this folder. */
    public ChosenProcesses(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /** Adds a process. */
    public void add(Process process) throws IOException {
        String id = Long.toString(process.pid());
        Files.createSymbolicLink(folder.resolve(id), Path.of("/proc", id));
    }

    /** Starts a collector. */
    public Collector start(CollectorConfig config) throws IOException {
        return Collector.start(config, new Collector.Program("test", "digest"), Rehearsal.begin(), folder);
    }
}

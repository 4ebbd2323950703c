package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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

    /** What {@code netns=all} stands for, see {@link Namespaces#present}. */
    public Map<String, String> present() throws IOException {
        return Namespaces.present(List.of(Namespaces.ALL), folder);
    }

    /** Starts a collector. */
    public Collector start(CollectorConfig config) throws IOException {
        return Collector.start(config, new Collector.Program("test", "digest"), Rehearsal.begin(), folder);
    }
}

package dev.ctstream.cli;

import dev.ctstream.Collector;
import dev.ctstream.Rehearsal;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.Configuration;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** One run of the collector, from its start until a signal or a failure ends it. */
final class CollectorRun {
    private static final Logger LOG = LoggerFactory.getLogger(CollectorRun.class);
    private static final List<String> WHILE_IT_RUNS =
            List.of("log.", "kafka.ssl.", "kafka.sasl.", "http.hosts", "http.token-file", "http.tls.");

    private final Console console;
    private final RunRequests requests;
    private final Rehearsal rehearsal;
    private final Optional<Path> file;
    private final Source source;
    private CollectorConfig.Log log = new CollectorConfig.Log("info", "text");

    /** Where the configuration comes from, now and when it is read again. */
    interface Source {
        Configuration read() throws CommandFailure;
    }

    CollectorRun(Console console, RunRequests requests, Rehearsal rehearsal, Optional<Path> file, Source source) {
        this.console = console;
        this.requests = requests;
        this.rehearsal = rehearsal;
        this.file = file;
        this.source = source;
    }

    /** Runs until told to stop; returns the exit code. */
    int collect() throws CommandFailure {
        Configuration configuration = source.read();
        log = configuration.collector().log();
        LogSettings.set(log);
        try (ServiceManager manager = ServiceManager.of(
                        console.environment(), ProcessHandle.current().pid());
                Collector collector =
                        Collector.start(configuration.collector(), RunCommand.program(configuration), rehearsal)) {
            manager.started(collector.health());
            LOG.info(
                    "started version={} java={} configuration={} http={} spool={}",
                    Version.current(),
                    Runtime.version(),
                    file.map(path -> path.toAbsolutePath().toString()).orElse("no file"),
                    collector.listening(),
                    configuration.collector().spool().directory());
            collector.whenEnded(() -> requests.add(RunRequests.Request.END));
            carryOut(collector, configuration, manager);
            collector.awaitEnd();
            if (!collector.endedCleanly()) {
                console.fail("the end of this run is not in the spool, so the next run declares what it cannot know");
                return ExitCode.FAILURE;
            }
            return ExitCode.OK;
        } catch (NetlinkException e) {
            throw KernelAccess.failure(e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, ErrorText.of(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.FAILURE;
        }
    }

    private void carryOut(Collector collector, Configuration ofStart, ServiceManager manager)
            throws InterruptedException {
        while (true) {
            switch (requests.take()) {
                case END -> {
                    return;
                }
                case STOP -> {
                    manager.stopping();
                    collector.stop();
                }
                case RELOAD -> {
                    manager.reloading();
                    reload(collector, ofStart);
                    manager.reloaded();
                }
                case SNAPSHOT -> collector.requestSnapshot();
            }
        }
    }

    /** Applies what can change while it runs, and names the other keys that have changed since the start. */
    private void reload(Collector collector, Configuration ofStart) {
        Configuration now;
        try {
            now = source.read();
        } catch (CommandFailure e) {
            LOG.warn(
                    "configuration is not read again, nothing changes problems={}",
                    e.lines().size());
            e.lines().forEach(problem -> LOG.warn("configuration: {}", problem));
            return;
        }
        Set<String> changed = collector.apply(now.collector());
        CollectorConfig.Log before = log;
        log = now.collector().log();
        if (!log.level().equals(before.level())) {
            changed.add("log.level");
        }
        if (!log.format().equals(before.format())) {
            changed.add("log.format");
        }
        Set<String> later = new TreeSet<>(now.differences(ofStart));
        later.removeIf(CollectorRun::changesWhileItRuns);
        if (!LOG.isInfoEnabled()) {
            LogSettings.setLevel(log);
        }
        LOG.atLevel(later.isEmpty() ? Level.INFO : Level.WARN)
                .log(
                        "configuration read again changed={} needs_a_restart={}",
                        String.join(",", changed),
                        String.join(",", later));
        LogSettings.set(log); // after the line that says so
    }

    private static boolean changesWhileItRuns(String key) {
        return WHILE_IT_RUNS.stream().anyMatch(key::startsWith);
    }
}

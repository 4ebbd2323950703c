package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NotifyStandIn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceManagerTest {
    private static final long PID = 4711;
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String SIGN = "WATCHDOG=1";

    @TempDir
    private Path folder;

    private final Health health = new Health();
    private final List<String> said = new ArrayList<>();
    private NotifyStandIn systemd;

    @BeforeEach
    void listen() throws NetlinkException {
        systemd = new NotifyStandIn(folder.resolve("notify"));
        health.report("kafka", true, "connected");
    }

    @AfterEach
    void stop() {
        systemd.close();
    }

    private ServiceManager manager(Map<String, String> more) {
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("NOTIFY_SOCKET", folder.resolve("notify").toString());
        return ServiceManager.of(environment, PID);
    }

    private List<String> heard() {
        said.addAll(systemd.received());
        return said;
    }

    private void awaitHeard(String state) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(5)).until(() -> heard().contains(state));
    }

    @Test
    void systemdHearsOfTheStartOfALackAndOfTheEnd() {
        try (ServiceManager manager = manager(Map.of())) {
            assertThat(heard()).isEmpty();
            manager.started(health);
            awaitHeard("STATUS=ready");
            manager.stopping();
            awaitHeard("STOPPING=1\nSTATUS=publishing what was received");
            assertThat(said).startsWith("READY=1").doesNotContain(SIGN);
        }
    }

    @Test
    void aReloadIsBracketedWithItsTime() {
        try (ServiceManager manager = manager(Map.of())) {
            long before = System.nanoTime() / 1000;
            manager.reloading();
            manager.reloaded();
            awaitHeard("READY=1");
            assertThat(said.get(0)).matches("RELOADING=1\nMONOTONIC_USEC=\\d+");
            assertThat(Long.parseLong(said.get(0).substring(said.get(0).lastIndexOf('=') + 1)))
                    .isBetween(before, System.nanoTime() / 1000);
        }
    }

    @Test
    void signsOfLifeStayAwayWhileAStageStandsStill() {
        AtomicBoolean still = new AtomicBoolean();
        health.watchStage("receive-thread", still::get);
        Map<String, String> watched = Map.of("WATCHDOG_USEC", "3000", "WATCHDOG_PID", Long.toString(PID));
        try (ServiceManager manager = manager(watched)) {
            manager.started(health);
            awaitHeard(SIGN);
            still.set(true);
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> !systemd.received().contains(SIGN));
            still.set(false);
            said.clear();
            awaitHeard(SIGN);
            health.fail("spool", "broken for good");
            said.clear();
            awaitHeard("STATUS=not ready: broken for good");
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> !systemd.received().contains(SIGN));
        }
    }

    @Test
    void aWatchdogOfAnotherProcessAndAnAddressOfAnotherKindAreLeftAlone() {
        try (ServiceManager manager = manager(Map.of("WATCHDOG_USEC", "3000", "WATCHDOG_PID", "1"));
                ServiceManager vsock = ServiceManager.of(Map.of("NOTIFY_SOCKET", "vsock:2:9999"), PID);
                ServiceManager none = ServiceManager.of(Map.of(), PID)) {
            manager.started(health);
            vsock.started(health);
            none.started(health);
            awaitHeard("STATUS=ready");
            assertThat(said).doesNotContain(SIGN);
        }
    }

    @Test
    void anAbstractAddressIsSpokenTo() throws NetlinkException {
        String address = "@ctstream-test-" + ProcessHandle.current().pid();
        try (NotifyStandIn there = new NotifyStandIn(address);
                ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", address), PID)) {
            manager.started(health);
            await().atMost(SOON).until(() -> there.received().contains("READY=1"));
        }
    }
}

package dev.ctstream.cli;

import static dev.ctstream.cli.RunRequests.Request.END;
import static dev.ctstream.cli.RunRequests.Request.RELOAD;
import static dev.ctstream.cli.RunRequests.Request.SNAPSHOT;
import static dev.ctstream.cli.RunRequests.Request.STOP;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RunRequestsTest {
    private static final long PID = 7;

    @Test
    void theMostUrgentRequestComesFirstAndEqualOnesAreOne() throws InterruptedException {
        RunRequests requests = new RunRequests();
        requests.add(SNAPSHOT);
        requests.add(RELOAD);
        requests.add(SNAPSHOT);
        requests.add(STOP);
        requests.add(RELOAD);
        assertThat(requests.take()).isEqualTo(STOP);
        assertThat(requests.take()).isEqualTo(RELOAD);
        requests.add(END);
        assertThat(requests.take()).isEqualTo(END);
        assertThat(requests.take()).isEqualTo(SNAPSHOT);
    }

    @Test
    void aHangupReloadsUnlessItMayComeFromAClosedTerminal() {
        assertThat(RunRequests.hangupReloads(Map.of(), PID, false)).isTrue();
        assertThat(RunRequests.hangupReloads(Map.of(), PID, true)).isFalse();
        assertThat(RunRequests.hangupReloads(Map.of("INVOCATION_ID", "x"), PID, true))
                .isTrue();
        assertThat(RunRequests.hangupReloads(Map.of("NOTIFY_SOCKET", "/run/x"), PID, true))
                .isTrue();
        Map<String, String> service = Map.of("INVOCATION_ID", "x", "SYSTEMD_EXEC_PID", "7");
        assertThat(RunRequests.hangupReloads(service, PID, true)).isTrue();
        // A shell in the terminal of a desktop, which is a service itself.
        assertThat(RunRequests.hangupReloads(service, PID + 1, true)).isFalse();
        assertThat(RunRequests.hangupReloads(service, PID + 1, false)).isTrue();
    }
}

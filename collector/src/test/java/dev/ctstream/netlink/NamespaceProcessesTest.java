package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamespaceProcessesTest {
    private static final String ID = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0::/system.slice/docker-%1$s.scope                                                     | %1$s
                    0::/machine.slice/libpod-%1$s.scope/container                                          | %1$s
                    12:cpu:/docker/%1$s                                                                    | %1$s
                    0::/kubepods.slice/kubepods-pod2f1c6c4e_7a66_4c55_9d14_6f0e5c1f5b7d.slice/cri-containerd-%1$s.scope | 2f1c6c4e-7a66-4c55-9d14-6f0e5c1f5b7d
                    0::/kubepods/besteffort/pod2f1c6c4e-7a66-4c55-9d14-6f0e5c1f5b7d/%1$s                   | 2f1c6c4e-7a66-4c55-9d14-6f0e5c1f5b7d
                    0::/kubepods/burstable/podeb4a3d4e0d4f5a2a4c3a9b8f1e2d3c4b/%1$s                        | eb4a3d4e0d4f5a2a4c3a9b8f1e2d3c4b
                    """)
    void theCgroupNamesThePodElseTheContainer(String cgroup, String expected) {
        assertThat(NamespaceProcesses.container(cgroup.formatted(ID))).isEqualTo(expected.formatted(ID));
    }

    @Test
    void aCgroupThatIsNoContainersNamesNothing() {
        assertThat(NamespaceProcesses.container("0::/user.slice/user-1000.slice/session-2.scope\n"))
                .isNull();
        assertThat(NamespaceProcesses.container("0::/x/" + ID + "0")).isNull();
    }

    @Test
    void thisProcessIsInItsNamespace() throws Exception {
        assertThat(new NamespaceProcesses(NamespaceProcesses.PROC).scan()).containsKey(NamespaceFile.own());
    }
}

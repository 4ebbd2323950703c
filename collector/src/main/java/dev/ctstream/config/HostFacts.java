package dev.ctstream.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Sources on the host for defaults of the configuration.
 *
 * @param machineId file with the machine id
 * @param bootId file with the kernel's boot id
 * @param hostName file with the kernel's node name
 * @param home the caller's home directory
 * @param root whether the user is root
 */
public record HostFacts(Path machineId, Path bootId, Path hostName, Path home, boolean root) {
    /** The sources on the current host. */
    public static HostFacts current() {
        return new HostFacts(
                Path.of("/etc/machine-id"),
                Path.of("/proc/sys/kernel/random/boot_id"),
                Path.of("/proc/sys/kernel/hostname"),
                Path.of(System.getProperty("user.home", "/")),
                "root".equals(System.getProperty("user.name")));
    }

    /** The machine id; empty when the host has none. */
    public Optional<String> readMachineId() {
        return read(machineId);
    }

    /** The kernel's boot id; empty without /proc. */
    public Optional<String> readBootId() {
        return read(bootId);
    }

    /** The kernel's node name, as {@code uname -n} prints it; {@code unknown} when it cannot be read. For people only. */
    public String nodeName() {
        return read(hostName).orElse("unknown");
    }

    /** Directory for a service's state: systemd's, root's or the user's. */
    Path stateDirectory(Map<String, String> environment) {
        String systemd = environment.getOrDefault("STATE_DIRECTORY", "");
        if (!systemd.isEmpty()) {
            return Path.of(systemd.split(":", -1)[0]);
        }
        if (root) {
            return Path.of("/var/lib/ctstream");
        }
        String user = environment.getOrDefault("XDG_STATE_HOME", "");
        return (user.isEmpty() ? home.resolve(".local/state") : Path.of(user)).resolve("ctstream");
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}

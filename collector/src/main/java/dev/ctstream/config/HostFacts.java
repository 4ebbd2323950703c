package dev.ctstream.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What the configuration takes from the host when nobody sets it.
 *
 * @param machineId file with the host's name for itself
 * @param bootId file with the kernel's name for this boot
 * @param hostName file with the kernel's node name
 * @param home the caller's home directory
 * @param root whether the process is the superuser's
 */
public record HostFacts(Path machineId, Path bootId, Path hostName, Path home, boolean root) {
    /** Those of the host that we are on. */
    public static HostFacts current() {
        return new HostFacts(
                Path.of("/etc/machine-id"),
                Path.of("/proc/sys/kernel/random/boot_id"),
                Path.of("/proc/sys/kernel/hostname"),
                Path.of(System.getProperty("user.home", "/")),
                "root".equals(System.getProperty("user.name")));
    }

    /** The host's name for itself; empty when it has none. */
    public Optional<String> readMachineId() {
        return read(machineId);
    }

    /** The kernel's name for this boot; empty without /proc. */
    public Optional<String> readBootId() {
        return read(bootId);
    }

    /** The kernel's node name, as {@code uname -n} prints it; {@code unknown} when it cannot be read. For people only. */
    public String nodeName() {
        return read(hostName).orElse("unknown");
    }

    /** Where systemd, root or a user keeps a service's state. */
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

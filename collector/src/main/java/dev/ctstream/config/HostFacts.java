package dev.ctstream.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

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
    /** As {@code machine-id(5)} has it. All zeros are no id. */
    private static final Pattern MACHINE_ID = Pattern.compile("(?!0{32})[0-9a-f]{32}");

    private static final int SHOWN = 40;

    /** The sources on the current host. */
    public static HostFacts current() {
        return new HostFacts(
                Path.of("/etc/machine-id"),
                Path.of("/proc/sys/kernel/random/boot_id"),
                Path.of("/proc/sys/kernel/hostname"),
                Path.of(System.getProperty("user.home", "/")),
                "root".equals(System.getProperty("user.name")));
    }

    /**
     * The machine id, 32 hexadecimal digits; empty when the host has none. An image has {@code uninitialized} there
     * before its first boot, which every copy of it would have as its name.
     */
    public Optional<String> readMachineId() {
        return text(machineId)
                .map(HostFacts::withoutNewline)
                .filter(id -> MACHINE_ID.matcher(id).matches());
    }

    /** Why {@link #readMachineId} is empty, as the end of a sentence that begins with the file. */
    String machineIdProblem() {
        String text = text(machineId).orElse("").strip();
        return text.isEmpty()
                ? "is missing or empty"
                : "does not have 32 hexadecimal digits, not all 0, but '"
                        + (text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text) + "'";
    }

    private static String withoutNewline(String line) {
        return line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
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
        return text(file).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static Optional<String> text(Path file) {
        try {
            return Optional.of(SmallFile.text(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}

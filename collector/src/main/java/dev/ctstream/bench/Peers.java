package dev.ctstream.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Other programs that read the same events, for comparison: conntrack and ulogd, and the least that a reader can do, a C
 * program that throws all away ({@code drain.c}). These, a C compiler for it, and the programs of {@code --reader} are the
 * only foreign programs that ctstream starts.
 *
 * <p>Measured pitfalls: {@code -b} of {@code conntrack -E} 1.4.7 sets the buffer of the socket for its requests; its
 * events arrive on another socket, which keeps the kernel's default. So it loses events from some 20 000 events per
 * second, and its cost can be compared only at rates where it loses none. It reads {@code /proc} for each event with a
 * port id; events of the packet load have none. {@code ulogd} ignores its buffer size unless the maximum is larger as
 * well.
 */
public final class Peers {
    private static final int BUFFER_BYTES = 16 << 20;
    private static final String DRAIN = "drain.c";
    /** How long drain sleeps when it has read everything, ms, by the reader's name; 0 = it blocks. */
    private static final Map<String, Integer> DRAINS = Map.of("floor", 1, "floor8", 8, "blocking", 0);

    private static final Map<String, String> PACKAGES =
            Map.of("ulogd", "ulogd2 ulogd2-json", "cc", "gcc libc6-dev linux-libc-dev");

    private static final String ULOGD_CONFIGURATION = """
            [global]
            logfile="{folder}/ulogd.log"
            loglevel=5
            stack=events:NFCT,json:JSON
            [events]
            netlink_socket_buffer_size={bytes}
            netlink_socket_buffer_maxsize={maximum}
            event_mask=0x00000005
            hash_enable=0
            [json]
            sync=0
            file="{folder}/ulogd.json"
            """;

    private Peers() {}

    /** Names of the known programs. */
    public static List<String> names() {
        return List.of("conntrack", "ulogd", "floor", "floor8", "blocking");
    }

    /**
     * The reader with this name; null = unknown.
     *
     * @throws IOException when it is not installed
     */
    public static Reader.@Nullable Program named(String name, Map<String, String> environment) throws IOException {
        return switch (name) {
            case "conntrack" ->
                new Reader.Program(
                        name,
                        List.of(
                                installed(name, environment),
                                "-E",
                                "-e",
                                "NEW,DESTROY",
                                "-b",
                                Integer.toString(BUFFER_BYTES)));
            case "ulogd" ->
                new Reader.Program(
                        name, List.of(installed(name, environment), "-c", Reader.Program.FOLDER + "/ulogd.conf"));
            case "floor", "floor8", "blocking" -> {
                String file = Reader.Program.FOLDER + "/drain";
                yield new Reader.Program(
                        name,
                        List.of(
                                "/bin/sh",
                                "-c",
                                installed("cc", environment) + " -O2 -o " + file + " " + file + ".c && exec " + file
                                        + " " + DRAINS.get(name)));
            }
            default -> null;
        };
    }

    private static String installed(String name, Map<String, String> environment) throws IOException {
        return Arrays.stream((environment.getOrDefault("PATH", "") + ":/usr/sbin:/sbin").split(":", -1))
                .map(Path::of)
                .filter(Path::isAbsolute) // an empty element means the current folder
                .map(directory -> directory.resolve(name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .map(Path::toString)
                .findFirst()
                .orElseThrow(() -> new IOException(name + " is not installed (Debian: apt-get install "
                        + PACKAGES.getOrDefault(name, name) + ")"));
    }

    /** Writes the files that a peer needs into its folder. */
    static void prepare(Reader.Program program, Path folder) throws IOException {
        if (program.name().equals("ulogd")) {
            String configuration = ULOGD_CONFIGURATION
                    .replace(Reader.Program.FOLDER, folder.toString())
                    .replace("{bytes}", Integer.toString(BUFFER_BYTES))
                    .replace("{maximum}", Integer.toString(2 * BUFFER_BYTES));
            Files.writeString(folder.resolve("ulogd.conf"), configuration);
        } else if (DRAINS.containsKey(program.name())) {
            try (InputStream source = Peers.class.getResourceAsStream(DRAIN)) {
                Files.copy(Objects.requireNonNull(source, DRAIN), folder.resolve(DRAIN));
            }
        }
    }
}

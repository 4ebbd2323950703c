package dev.ctstream.cli.entries;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.HostFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The user of this process, according to the kernel. */
final class CurrentUser {
    /** {@code (uid_t) -1}: no login. */
    private static final long NOT_SET = 0xFFFF_FFFFL;

    private static final String UID = "Uid:";

    private CurrentUser() {}

    static ControlRecord.Person current() {
        String name = System.getProperty("user.name", "?");
        return new ControlRecord.Person(
                userId(),
                name.equals("?") ? null : name,
                loginUserId(),
                HostFacts.current().nodeName());
    }

    private static long userId() {
        return read("/proc/self/status")
                .lines()
                .filter(line -> line.startsWith(UID))
                .map(line -> Long.parseLong(line.substring(UID.length()).strip().split("\\s+", 2)[0]))
                .findFirst()
                .orElse(NOT_SET);
    }

    private static @Nullable Long loginUserId() {
        String text = read("/proc/self/loginuid").strip();
        return text.isEmpty() || Long.parseLong(text) == NOT_SET ? null : Long.valueOf(text);
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            return "";
        }
    }
}

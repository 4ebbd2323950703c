package dev.ctstream.it;

import dev.ctstream.cli.Main;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.awaitility.Awaitility;

/**
 * Runs {@code ctstream} as soon as a file exists: {@code AwaitFile FILE ARGUMENT...}. For tests with many processes.
 */
final class AwaitFile {
    private AwaitFile() {}

    public static void main(String[] arguments) {
        Path file = Path.of(arguments[0]);
        Awaitility.await().pollInSameThread().forever().until(() -> Files.exists(file));
        Main.main(Arrays.copyOfRange(arguments, 1, arguments.length));
    }
}

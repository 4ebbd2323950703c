package dev.ctstream.publish;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a client proves its identity with, and whom it trusts: the settings {@code ssl.*} and {@code sasl.*}, and the
 * content of the files that {@code ssl.*.location} and variables such as {@code ${file:/a/path:key}} name. Kafka's clients read them once, when they are made. Holds
 * digests only.
 */
record Credentials(Map<String, String> digests) {
    private static final int FILE_LIMIT_BYTES = 1 << 20;

    /** Copies the map. */
    Credentials {
        digests = Map.copyOf(digests);
    }

    /** Whether a key, without the prefix {@code kafka.}, belongs to them. */
    static boolean has(String key) {
        return key.startsWith("ssl.") || key.startsWith("sasl.");
    }

    /** Those of a client with these settings, as the files are now. */
    static Credentials of(Map<String, String> settings) {
        Map<String, String> digests = new TreeMap<>();
        settings.forEach((key, value) -> {
            if (has(key)) {
                MessageDigest digest = sha256();
                digest.update(value.getBytes(StandardCharsets.UTF_8));
                if (key.startsWith("ssl.") && key.endsWith(".location")) {
                    addFile(digest, value);
                }
                for (Secrets.Variable variable : Secrets.variables(value)) {
                    addFile(digest, variable.path());
                    addFile(digest, variable.path() + "/" + variable.key());
                }
                digests.put(key, HexFormat.of().formatHex(digest.digest()));
            }
        });
        return new Credentials(digests);
    }

    private static void addFile(MessageDigest digest, String path) {
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            digest.update(in.readNBytes(FILE_LIMIT_BYTES));
        } catch (IOException | InvalidPathException e) {
            digest.update((byte) 0); // missing: a client that is made now says so
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** The keys, without the prefix, that differ from those of {@code other}. */
    Set<String> differences(Credentials other) {
        Set<String> keys = new TreeSet<>(digests.keySet());
        keys.addAll(other.digests.keySet());
        keys.removeIf(key -> digests.getOrDefault(key, "").equals(other.digests.getOrDefault(key, "")));
        return keys;
    }
}

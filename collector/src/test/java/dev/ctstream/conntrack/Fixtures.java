package dev.ctstream.conntrack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.netlink.MessageCursor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;

/** The captured datagrams under {@code src/test/resources/ctnetlink} and their expected content. */
public final class Fixtures {
    private static final String FOLDER = "/ctnetlink/";

    private Fixtures() {}

    /** Names of all datagrams, without {@code .bin}. */
    public static List<String> names() {
        List<String> names = new ArrayList<>();
        for (Iterator<String> all = expected().fieldNames(); all.hasNext(); ) {
            names.add(all.next());
        }
        return names;
    }

    /** The content of {@code expected.json}: for each name a list of messages. */
    public static JsonNode expected() {
        try {
            return new ObjectMapper().readTree(read("expected.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static byte[] bytes(String name) {
        return read(name + ".bin");
    }

    /** The datagram in a direct buffer in the host's byte order. */
    public static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length)
                .order(ByteOrder.nativeOrder())
                .put(bytes)
                .flip();
    }

    /** Every captured message that is a flow event or an entry of a dump, each alone. */
    public static List<byte[]> flowMessages() {
        List<byte[]> messages = new ArrayList<>();
        for (String name : names()) {
            byte[] datagram = bytes(name);
            MessageCursor cursor = new MessageCursor().wrap(buffer(datagram), 0, datagram.length);
            while (cursor.next()) {
                if (FlowEvent.isFlowMessage(cursor.type())) {
                    messages.add(Arrays.copyOfRange(datagram, cursor.offset(), cursor.offset() + cursor.lengthBytes()));
                }
            }
        }
        return messages;
    }

    private static byte[] read(String file) {
        try (InputStream in = Objects.requireNonNull(Fixtures.class.getResourceAsStream(FOLDER + file), file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

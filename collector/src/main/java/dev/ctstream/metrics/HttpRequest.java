package dev.ctstream.metrics;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of an HTTP/1 request. Bodies are not read: no request here has a use for one.
 *
 * <p>Source: RFC 9112.
 *
 * @param path without the query
 * @param host value of the {@code Host} field; null in HTTP/1.0 without one
 * @param authorization value of the {@code Authorization} field; null = none, or several
 */
record HttpRequest(
        String method,
        String path,
        @Nullable String host,
        @Nullable String authorization) {
    private static final int MAX_HEAD_BYTES = 8192;
    private static final Pattern REQUEST_LINE = Pattern.compile("([A-Z]{1,16}) (/[!-~]*) HTTP/1\\.([01])");
    private static final Pattern FIELD = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*");

    /** The request cannot be understood; carries the status to answer with. */
    static final class BadRequestException extends Exception {
        private static final long serialVersionUID = 1L;

        private final int status;

        BadRequestException(int status, String message) {
            super(message);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    /**
     * Reads a request's head; what follows it is dropped.
     *
     * @return null when the client closed the connection before the end of the head
     */
    static @Nullable HttpRequest read(InputStream in) throws IOException, BadRequestException {
        byte[] head = new byte[MAX_HEAD_BYTES];
        int length = 0;
        while (!ends(head, length)) {
            if (length == head.length) {
                throw new BadRequestException(431, "the request's head is longer than " + MAX_HEAD_BYTES + " bytes");
            }
            int read = in.read(head, length, head.length - length);
            if (read < 0) {
                return null;
            }
            length += read;
        }
        return parse(new String(head, 0, length, StandardCharsets.ISO_8859_1));
    }

    /** Whether an empty line is among these bytes. */
    private static boolean ends(byte[] head, int length) {
        for (int i = 1; i < length; i++) {
            boolean empty =
                    head[i] == '\n' && (head[i - 1] == '\n' || (i > 1 && head[i - 1] == '\r' && head[i - 2] == '\n'));
            if (empty) {
                return true;
            }
        }
        return false;
    }

    private static HttpRequest parse(String head) throws BadRequestException {
        String[] lines = head.split("\r?\n", -1);
        Matcher first = REQUEST_LINE.matcher(lines[0]);
        if (!first.matches()) {
            throw new BadRequestException(400, "the first line is no request of HTTP/1.0 or 1.1");
        }
        List<String> hosts = new ArrayList<>();
        List<String> authorizations = new ArrayList<>();
        for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
            Matcher field = FIELD.matcher(lines[i]);
            if (!field.matches()) {
                throw new BadRequestException(400, "a header line is malformed");
            }
            switch (field.group(1).toLowerCase(Locale.ROOT)) {
                case "host" -> hosts.add(field.group(2));
                case "authorization" -> authorizations.add(field.group(2));
                default -> {}
            }
        }
        boolean required = first.group(3).equals("1");
        if (hosts.size() > 1 || (required && hosts.isEmpty())) {
            throw new BadRequestException(400, "the request must have one Host header");
        }
        String target = first.group(2);
        int query = target.indexOf('?');
        return new HttpRequest(
                first.group(1),
                query < 0 ? target : target.substring(0, query),
                hosts.isEmpty() ? null : hosts.get(0),
                authorizations.size() == 1 ? authorizations.get(0) : null);
    }
}

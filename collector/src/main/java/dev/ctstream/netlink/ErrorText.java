package dev.ctstream.netlink;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The only place that turns an exception into a sentence for a person: what it is about, the errno with its text, and
 * what to do. No name of a Java class comes out of it. {@code publish.KafkaErrorText} adds what Kafka's clients throw.
 */
public final class ErrorText {
    /** As {@code FileNotFoundException} has it: {@code /a/b (Is a directory)}. */
    private static final Pattern PATH_AND_REASON = Pattern.compile("(.*) \\(([^()]+)\\)", Pattern.DOTALL);
    /** {@code java.io.IOException: }, as a wrapping exception puts it before the text of its cause. */
    private static final Pattern CLASS_NAME =
            Pattern.compile("(?:\\b[a-z][a-z0-9_]*\\.)+(?:[A-Z]\\w*\\.?)*[A-Z]\\w*(?:Exception|Error): *");

    /** What the JDK adds to the text of ELOOP. */
    private static final String JDK_ADDITION = " or unable to access attributes of symbolic link";

    private static final int MAX_CAUSES = 8;

    private ErrorText() {}

    /** The sentence, without a full stop: the path if the exception knows it, the reason, and what to do. */
    public static String of(Throwable error) {
        Throwable inner = unwrapped(error);
        if (inner instanceof NetlinkException) {
            return text(inner); // whoever made the request knows the remedy
        }
        String remedy = inner instanceof IOException ? remedy(errno(inner)) : "";
        return subject(inner) + reason(inner) + (remedy.isEmpty() ? "" : "; " + remedy);
    }

    /** As {@link #of}, for a path that the exception itself may not name. */
    public static String ofFile(Path path, Exception error) {
        String text = of(error);
        return text.startsWith(path + ": ") ? text : path + ": " + text;
    }

    /** The reason alone, for callers that name the subject and the remedy: {@code EACCES (13) Permission denied}. */
    public static String reason(Throwable error) {
        Throwable inner = unwrapped(error);
        int errno = inner instanceof NetlinkException ? 0 : errno(inner);
        if (errno != 0) {
            return Errno.described(errno);
        }
        if (inner instanceof FileSystemException failure) {
            return failure.getReason() == null ? words(failure) : failure.getReason();
        }
        if (inner instanceof InvalidPathException invalid) {
            return invalid.getReason().startsWith("Nul")
                    ? "a path cannot contain a NUL byte"
                    : "a path cannot contain these characters in this locale, whose text is "
                            + System.getProperty("sun.jnu.encoding")
                            + " for Java; start it with LC_ALL=C.UTF-8, as bin/ctstream does";
        }
        if (inner instanceof CharacterCodingException) {
            return "the text is not UTF-8";
        }
        if (inner instanceof UnknownHostException || inner instanceof UnresolvedAddressException) {
            return "the host name cannot be resolved; check the name and the name service";
        }
        if (inner instanceof SocketTimeoutException) {
            return "no answer in time";
        }
        if (inner instanceof EOFException) {
            return "the data ends too early";
        }
        return inner instanceof Error failure ? ofError(failure) : text(inner);
    }

    /** The errno behind an exception; 0 when there is none. */
    public static int errno(Throwable error) {
        Throwable inner = unwrapped(error);
        if (inner instanceof NetlinkException netlink) {
            return netlink.errno();
        }
        if (inner instanceof NoSuchFileException) {
            return Errno.ENOENT;
        }
        if (inner instanceof AccessDeniedException) {
            return Errno.EACCES;
        }
        if (inner instanceof FileAlreadyExistsException) {
            return Errno.EEXIST;
        }
        if (inner instanceof NotDirectoryException) {
            return Errno.ENOTDIR;
        }
        if (inner instanceof DirectoryNotEmptyException) {
            return Errno.ENOTEMPTY;
        }
        if (inner instanceof FileSystemLoopException) {
            return Errno.ELOOP;
        }
        if (inner instanceof NotLinkException) {
            return Errno.EINVAL;
        }
        String text = inner instanceof FileSystemException failure ? failure.getReason() : inner.getMessage();
        return text == null || !(inner instanceof IOException) ? 0 : errnoOf(text);
    }

    private static int errnoOf(String whole) {
        String text = whole.replace(JDK_ADDITION, "");
        int errno = Errno.ofText(text);
        Matcher both = PATH_AND_REASON.matcher(text);
        return errno == 0 && both.matches() ? Errno.ofText(both.group(2)) : errno;
    }

    /** What an operator can do about a failed call on a file or an address; empty when there is nothing to add. */
    private static String remedy(int errno) {
        return switch (errno) {
            case Errno.ENOENT -> "check the path";
            case Errno.EACCES, Errno.EPERM -> "run it as a user who may do this, or change the owner or the mode";
            case Errno.EISDIR -> "give a file";
            case Errno.ENOTDIR -> "a part of the path is a file";
            case Errno.EEXIST -> "give another path";
            case Errno.ENOTEMPTY -> "empty it first";
            case Errno.ELOOP -> "its symbolic links point at each other";
            case Errno.ENOSPC, Errno.EDQUOT -> "free some space there";
            case Errno.EROFS -> "remount the file system, or give a path on another one";
            case Errno.EMFILE, Errno.ENFILE -> "raise the limit of open files (ulimit -n, LimitNOFILE=)";
            case Errno.EIO -> "the kernel log says which device has failed";
            case Errno.EADDRINUSE -> "another program listens there: stop it, or choose another port";
            case Errno.EADDRNOTAVAIL -> "no interface of this host has this address";
            case Errno.ECONNREFUSED -> "nothing listens there: check address and port";
            default -> "";
        };
    }

    private static String subject(Throwable error) {
        if (error instanceof FileSystemException failure) {
            return failure.getFile() == null ? "" : failure.getFile() + ": ";
        }
        if (error instanceof InvalidPathException invalid) {
            return invalid.getInput() + ": ";
        }
        if (error instanceof UnknownHostException) {
            return text(error).replaceFirst(": .*", "") + ": ";
        }
        Matcher both = PATH_AND_REASON.matcher(String.valueOf(error.getMessage()));
        boolean path = error instanceof FileNotFoundException && both.matches() && Errno.ofText(both.group(2)) != 0;
        return path ? both.group(1) + ": " : "";
    }

    private static String ofError(Error error) {
        if (error instanceof OutOfMemoryError) {
            return "not enough memory: the heap is " + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MiB; CTSTREAM_JAVA_OPTS=-Xmx1g makes it larger";
        }
        if (error instanceof StackOverflowError) {
            return "not enough stack: the input is nested too deeply";
        }
        return error instanceof LinkageError ? "a library cannot be used: " + text(error) : text(error);
    }

    private static Throwable unwrapped(Throwable error) {
        Throwable inner = error;
        for (int i = 0; i < MAX_CAUSES; i++) {
            @Nullable Throwable cause = inner.getCause();
            if (cause == null || !(inner instanceof UncheckedIOException || inner instanceof ExecutionException)) {
                break;
            }
            inner = cause;
        }
        return inner;
    }

    /** The text of an exception, or of the first cause that has one. */
    private static String text(Throwable error) {
        @Nullable Throwable at = error;
        for (int i = 0; i < MAX_CAUSES && at != null; i++) {
            String message = at.getMessage();
            String text = message == null
                    ? ""
                    : CLASS_NAME.matcher(message).replaceAll("").strip();
            if (!text.isEmpty()) {
                return text;
            }
            at = at.getCause();
        }
        return words(error);
    }

    /** Turns {@code ClosedChannelException} into {@code closed channel}. */
    private static String words(Throwable error) {
        return error.getClass()
                .getSimpleName()
                .replaceAll("(Exception|Error)$", "")
                .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(Locale.ROOT);
    }
}

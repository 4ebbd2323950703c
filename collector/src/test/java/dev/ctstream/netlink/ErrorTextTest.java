package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorTextTest {
    @TempDir
    private Path folder;

    static Stream<Arguments> sentences() {
        return Stream.of(
                of(new NoSuchFileException("/a"), "/a: ENOENT (2) No such file or directory; check the path"),
                of(
                        new AccessDeniedException("/a"),
                        "/a: EACCES (13) Permission denied; run it as a user who may do this, or change the owner or"
                                + " the mode"),
                of(new FileAlreadyExistsException("/a"), "/a: EEXIST (17) File exists; give another path"),
                of(new NotDirectoryException("/a"), "/a: ENOTDIR (20) Not a directory; a part of the path is a file"),
                of(new DirectoryNotEmptyException("/a"), "/a: ENOTEMPTY (39) Directory not empty; empty it first"),
                of(
                        new FileSystemLoopException("/a"),
                        "/a: ELOOP (40) Too many levels of symbolic links; its symbolic links point at each other"),
                of(
                        new FileSystemException("/a", null, "Read-only file system"),
                        "/a: EROFS (30) Read-only file system; remount the file system, or give a path on another one"),
                of(
                        new FileSystemException("/a", null, "Too many open files"),
                        "/a: EMFILE (24) Too many open files; raise the limit of open files (ulimit -n, LimitNOFILE=)"),
                of(new FileSystemException("/a", null, "a named pipe; give a file"), "/a: a named pipe; give a file"),
                of(
                        new IOException("No space left on device"),
                        "ENOSPC (28) No space left on device; free some space there"),
                of(new IOException("Disk quota exceeded"), "EDQUOT (122) Disk quota exceeded; free some space there"),
                of(new IOException("Is a directory"), "EISDIR (21) Is a directory; give a file"),
                of(
                        new IOException("Input/output error"),
                        "EIO (5) Input/output error; the kernel log says which device has failed"),
                of(
                        new FileNotFoundException("/a (b) c (Permission denied)"),
                        "/a (b) c: EACCES (13) Permission denied; run it as a user who may do this, or change the"
                                + " owner or the mode"),
                of(
                        new ConnectException("Connection refused"),
                        "ECONNREFUSED (111) Connection refused; nothing listens there: check address and port"),
                of(
                        new BindException("Address already in use"),
                        "EADDRINUSE (98) Address already in use; another program listens there: stop it, or choose"
                                + " another port"),
                of(
                        new BindException("Cannot assign requested address"),
                        "EADDRNOTAVAIL (99) Cannot assign requested address; no interface of this host has this address"),
                of(
                        new UnknownHostException("broker: Name or service not known"),
                        "broker: the host name cannot be resolved; check the name and the name service"),
                of(
                        new UnresolvedAddressException(),
                        "the host name cannot be resolved; check the name and the name service"),
                of(new SocketTimeoutException("Read timed out"), "no answer in time"),
                of(new EOFException(), "the data ends too early"),
                of(new MalformedInputException(1), "the text is not UTF-8"),
                of(
                        new InvalidPathException("a\0b", "Nul character not allowed"),
                        "a\0b: a path cannot contain a NUL byte"),
                of(new ClosedChannelException(), "closed channel"),
                of(
                        new NetlinkException("join group 1", Errno.EPERM),
                        "join group 1: EPERM (1) Operation not permitted"));
    }

    static Stream<Arguments> wrapped() {
        return Stream.of(
                of(new ExecutionException(new UncheckedIOException(new NoSuchFileException("/a"))), "/a: ENOENT"),
                of(new IOException(new IOException("the reason")), "the reason"),
                of(new IOException("java.io.IOException: the reason"), "the reason"),
                of(new IOException("broker: org.apache.kafka.common.KafkaException: it is full"), "broker: it is full"),
                of(new IllegalStateException(new IllegalArgumentException("5 is odd")), "5 is odd"),
                of(new NullPointerException(), "null pointer"),
                of(new OutOfMemoryError("Java heap space"), "not enough memory: the heap is "),
                of(new StackOverflowError(), "not enough stack: the input is nested too deeply"),
                of(new UnsatisfiedLinkError("/tmp/x.so: failed"), "a library cannot be used: /tmp/x.so: failed"));
    }

    private static Arguments of(Throwable error, String text) {
        return Arguments.of(error, text);
    }

    @ParameterizedTest
    @MethodSource("sentences")
    void isASentenceWithPathErrnoAndRemedy(Throwable error, String text) {
        assertThat(ErrorText.of(error)).isEqualTo(text);
    }

    @ParameterizedTest
    @MethodSource("wrapped")
    void namesNoClassOfJava(Throwable error, String text) {
        assertThat(ErrorText.of(error)).startsWith(text).doesNotContain("Exception", "Error");
    }

    @Test
    void theReasonAloneHasNeitherPathNorRemedy() {
        assertThat(ErrorText.reason(new AccessDeniedException("/a"))).isEqualTo("EACCES (13) Permission denied");
        assertThat(ErrorText.reason(new FileSystemException("/a"))).isEqualTo("file system");
    }

    @Test
    void aPathIsNamedOnce() {
        Path path = Path.of("/a");
        assertThat(ErrorText.ofFile(path, new NoSuchFileException("/a"))).startsWith("/a: ENOENT (2)");
        assertThat(ErrorText.ofFile(path, new IOException("Is a directory"))).startsWith("/a: EISDIR (21)");
    }

    @Test
    void whatTheSystemReallyThrowsHasAnErrno() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Path loop = folder.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThat(errnoOf(() -> Files.newInputStream(folder.resolve("none")).close()))
                .isEqualTo(Errno.ENOENT);
        assertThat(errnoOf(() -> Files.newInputStream(file.resolve("below")).close()))
                .isEqualTo(Errno.ENOTDIR);
        assertThat(errnoOf(() -> Files.newInputStream(loop).close())).isEqualTo(Errno.ELOOP);
        assertThat(errnoOf(() -> Files.readString(folder))).isEqualTo(Errno.EISDIR);
        assertThat(errnoOf(() -> Files.createDirectory(file))).isEqualTo(Errno.EEXIST);
        assertThat(errnoOf(() -> Files.delete(folder))).isEqualTo(Errno.ENOTEMPTY);
        assertThat(errnoOf(() -> Files.writeString(Path.of("/dev/full"), "x"))).isEqualTo(Errno.ENOSPC);
        assertThat(errnoOf(() -> Files.writeString(Path.of("/proc/version"), "x")))
                .isIn(Errno.EACCES, Errno.EIO, Errno.EPERM);
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    private static int errnoOf(Action action) {
        try {
            action.run();
            return 0;
        } catch (IOException e) {
            return ErrorText.errno(e);
        }
    }
}

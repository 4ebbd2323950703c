package dev.ctstream.spool;

import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Checks whether a spool can be used, before it is. Nothing stays changed: what is created as a trial is deleted again. */
public final class SpoolCheck {
    private static final SpoolFileSystem FILES = SpoolFileSystem.HOST;
    private static final String DIRECTORY = "spool.directory";
    private static final String WANTED = "a directory of this user, in which nobody else can write";
    private static final String TRIAL = ".ctstream-check-";

    private final SpoolConfig config;
    private final boolean besideRunning;
    private final Path path;

    private SpoolCheck(SpoolConfig config, boolean besideRunning) {
        this.config = config;
        this.besideRunning = besideRunning;
        path = config.directory().toAbsolutePath();
    }

    /**
     * Checks directory, owner, lock and room.
     *
     * @param besideRunning whether a collector may use it
     */
    public static List<Check> look(SpoolConfig config, boolean besideRunning) {
        SpoolCheck check = new SpoolCheck(config, besideRunning);
        List<Check> checks = new ArrayList<>();
        checks.add(check.directory());
        if (!checks.get(0).failed()) {
            checks.add(check.room());
        }
        return checks;
    }

    /** What is found where a running collector uses something. */
    public static String inUseBy(long process) {
        return "in use by the collector that runs (process " + process + ")";
    }

    /** The process that uses the spool; empty when there is none or it is not visible. */
    public static OptionalLong holder(SpoolConfig config) {
        try {
            OptionalLong holder = LockHolder.of(config.directory());
            return holder.isPresent() && isNamed(config.directory(), holder.getAsLong())
                    ? holder
                    : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * Whether the lock file names this process. On file systems without a device of their own, a lock in another one may
     * look the same.
     */
    private static boolean isNamed(Path directory, long process) throws IOException {
        return process == ProcessHandle.current().pid() // closing the file would release the lock
                || Files.readString(directory.resolve(SpoolDirectory.LOCK))
                        .strip()
                        .equals(Long.toString(process));
    }

    /** Beside a running collector root looks for its user: whom the directory belongs to. */
    private long ownerId() throws IOException {
        long own = FILES.ownUserId();
        SpoolFileSystem.Facts facts = besideRunning && own == 0 ? FILES.facts(FILES.realPath(path)) : null;
        return facts == null ? own : facts.userId();
    }

    private Check directory() {
        String scope = path.toString();
        try {
            String found = "it will be created";
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                if (!Files.isDirectory(path)) {
                    throw new NotDirectoryException(scope);
                }
                SpoolDirectory.requireOwner(FILES, path, ownerId());
                OptionalLong holder = holder(config);
                if (holder.isPresent() && besideRunning) {
                    return Check.ok(DIRECTORY, scope, inUseBy(holder.getAsLong()), WANTED);
                }
                if (holder.isPresent()) {
                    throw SpoolDirectory.inUse(path, Long.toString(holder.getAsLong()));
                }
                found = "there";
            }
            Check full = tryWriting(nearest());
            if (full != null) {
                return full;
            }
            return Check.ok(DIRECTORY, scope, found, WANTED);
        } catch (SpoolDirectory.Unusable e) {
            return Check.fail(DIRECTORY, scope, e.found, WANTED, e.remedy);
        } catch (IOException e) {
            SpoolDirectory.Unusable unusable = SpoolDirectory.unusable(path, e);
            return Check.fail(DIRECTORY, scope, unusable.found, WANTED, unusable.remedy);
        }
    }

    /** The directory, or the nearest one above that exists. */
    private Path nearest() {
        Path at = path;
        while (!Files.exists(at) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }

    /** Creates and deletes a directory: modes, read-only mounts and quotas show only then. */
    private @Nullable Check tryWriting(Path directory) throws IOException {
        try {
            Files.delete(Files.createTempDirectory(directory, TRIAL));
            return null;
        } catch (FileSystemException e) { // it names the trial
            int errno = ErrorText.errno(e);
            if (directory.equals(path) && (errno == Errno.ENOSPC || errno == Errno.EDQUOT)) {
                // The collector starts all the same: it sends what is there, which makes room.
                return Check.warn(
                        DIRECTORY,
                        path.toString(),
                        ErrorText.reason(e),
                        WANTED,
                        "make room: events give way until then");
            }
            throw new FileSystemException(directory.toString(), null, ErrorText.reason(e));
        }
    }

    private Check room() {
        Path at = nearest();
        long usable = FILES.usableBytes(at);
        long has = usable == Long.MAX_VALUE ? usable : usable + used();
        long total = FILES.totalBytes(at);
        SpoolConfig here = config.on(total);
        long wanted = here.maxBytes() + here.controlBytes();
        String scope = path.toString();
        String found = has + " bytes free or in use by the spool";
        String limits = wanted + " bytes (spool.max-bytes and spool.control-bytes)";
        return has < wanted
                ? Check.warn(
                        "spool-room",
                        scope,
                        found,
                        limits,
                        "make room, or lower spool.max-bytes: a full disk makes events give way")
                : Check.ok("spool-room", scope, found, limits);
    }

    private long used() {
        long bytes = 0;
        try {
            for (ChainDirectory chain :
                    List.of(ChainDirectory.events(FILES, path), ChainDirectory.control(FILES, path))) {
                for (Path file : chain.segments()) {
                    bytes += FILES.sizeBytes(file);
                }
            }
        } catch (IOException e) { // a running collector has deleted one meanwhile
            return bytes;
        }
        return bytes;
    }
}

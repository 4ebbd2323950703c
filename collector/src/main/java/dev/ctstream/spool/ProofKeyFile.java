package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Check.Result;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.RegularFile;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The file of {@code proof.key-file}: the private key that signs a host's checkpoints, and how it followed earlier ones.
 *
 * <pre>
 * PRIVATE+KEY+ctstream/HOST+ID+BASE64
 * ctstream/HOST+ID+BASE64                the public key
 * succession BASE64                      a signed statement that one key followed another; oldest first, as many as there are
 * </pre>
 *
 * <p>Only its owner may read it (mode 0600 or less), or it is a credential of systemd. Immutable; any thread.
 *
 * @param signer the key
 * @param successions see {@link KeySuccession}
 */
public record ProofKeyFile(NoteSigner signer, List<SignedNote> successions) {
    private static final String SUCCESSION = "succession ";
    private static final int MOST_BYTES = 1 << 16;
    private static final int MOST_SUCCESSIONS = 16;
    private static final int OTHERS = 077;

    /** Copies the list. */
    public ProofKeyFile {
        successions = List.copyOf(successions);
    }

    /** Says why a file cannot be used, and what to do. */
    public static final class Unusable extends IOException {
        private static final long serialVersionUID = 1L;

        /** What was found. */
        public final String found;

        /** What to do. */
        public final String remedy;

        Unusable(Path file, String found, String remedy) {
            super("proof.key-file " + file + ": " + found + "; " + remedy);
            this.found = found;
            this.remedy = remedy;
        }
    }

    /** A file with a new key of a host. */
    public static ProofKeyFile generate(String hostId) throws NoteException {
        return new ProofKeyFile(NoteSigner.generate(LogOrigin.keyName(hostId), NoteKey.ED25519), List.of());
    }

    /**
     * The same host's file with a new key, which follows this one.
     *
     * @throws NoteException when it is the key of a witness, which signs no statements
     */
    public ProofKeyFile rotated() throws NoteException {
        if (signer.key().type() != NoteKey.ED25519) {
            throw new NoteException(
                    "it is the key of the witness " + signer.key().name()
                            + ", and no key follows that: make another one with ctstream proof key generate --witness NAME FILE,"
                            + " and give its public key to those who check cosignatures");
        }
        NoteSigner next = NoteSigner.generate(signer.key().name(), signer.key().type());
        List<SignedNote> all = new ArrayList<>(successions);
        all.add(KeySuccession.sign(signer, next.key()));
        return new ProofKeyFile(next, all.subList(Math.max(0, all.size() - MOST_SUCCESSIONS), all.size()));
    }

    /**
     * Reads a file.
     *
     * @param hostId whose key it must be
     * @throws Unusable when it cannot be read, others may read it, or it holds no key of this host
     */
    public static ProofKeyFile read(Path file, String hostId) throws IOException {
        ProofKeyFile read = read(file);
        String wanted = LogOrigin.keyName(hostId);
        String name = read.signer.key().name();
        if (read.signer.key().type() != NoteKey.ED25519) {
            throw new Unusable(
                    file,
                    "it is the key of the witness " + name + ", wanted is the key of a host, " + wanted,
                    "make one with: ctstream proof key generate FILE");
        }
        if (!name.equals(wanted)) {
            throw new Unusable(
                    file,
                    "it is the key of " + name + ", this host's is " + wanted,
                    "make one with: ctstream proof key generate FILE");
        }
        return read;
    }

    /** As {@link #read(Path, String)}, of any host or witness. */
    public static ProofKeyFile read(Path file) throws IOException {
        try {
            RegularFile.require(file);
            int mode = (Integer) Files.getAttribute(file, "unix:mode");
            if ((mode & OTHERS) != 0 && !isCredential(file)) {
                throw new Unusable(file, "others than its owner may use it", "chmod 600 " + file);
            }
            try (InputStream in = Files.newInputStream(file)) {
                return parse(new String(in.readNBytes(MOST_BYTES), UTF_8));
            }
        } catch (Unusable e) {
            throw e;
        } catch (IOException e) {
            throw new Unusable(
                    file,
                    ErrorText.reason(e),
                    "make it with ctstream proof key generate FILE, and let the collector's user read it");
        } catch (NoteException e) {
            throw new Unusable(
                    file, String.valueOf(e.getMessage()), "make it anew with ctstream proof key generate FILE");
        }
    }

    /** Whether the service manager has put it where only the service can read it: its mode then counts an ACL. */
    private static boolean isCredential(Path file) {
        String directory = System.getenv("CREDENTIALS_DIRECTORY");
        return directory != null && file.toAbsolutePath().normalize().startsWith(Path.of(directory));
    }

    private static ProofKeyFile parse(String text) throws NoteException {
        List<String> lines = text.lines().toList();
        if (lines.size() < 2) {
            throw new NoteException("it does not have two lines, a private key and its public key");
        }
        if (lines.get(1).startsWith(NoteSigner.MARK)) {
            throw new NoteException("its first line must be the private key, and its second line the public key");
        }
        NoteSigner signer = NoteSigner.parse(lines.get(0), publicKey(lines.get(1)));
        List<SignedNote> successions = new ArrayList<>();
        for (String line : lines.subList(2, lines.size())) {
            if (!line.startsWith(SUCCESSION)) {
                throw new NoteException("a line does not begin with '" + SUCCESSION + "'");
            }
            successions.add(succession(line.substring(SUCCESSION.length())));
        }
        return new ProofKeyFile(signer, successions);
    }

    private static NoteKey publicKey(String line) throws NoteException {
        try {
            return NoteKey.parse(line);
        } catch (NoteException e) {
            throw new NoteException("its second line: " + e.getMessage(), e);
        }
    }

    private static SignedNote succession(String base64) throws NoteException {
        try {
            SignedNote note = SignedNote.parse(new String(Base64.getDecoder().decode(base64.strip()), UTF_8));
            KeySuccession.parse(note);
            return note;
        } catch (IllegalArgumentException e) {
            throw new NoteException("a succession is not Base64", e);
        }
    }

    /** The file's text. */
    private String text() {
        StringBuilder text = new StringBuilder(signer.secret())
                .append('\n')
                .append(signer.key())
                .append('\n');
        for (SignedNote note : successions) {
            text.append(SUCCESSION)
                    .append(Base64.getEncoder().encodeToString(note.format().getBytes(UTF_8)))
                    .append('\n');
        }
        return text.toString();
    }

    /**
     * Writes a new file of mode 0600.
     *
     * @throws Unusable when something has that name
     */
    public void create(Path file) throws IOException {
        create(SpoolFileSystem.HOST, file);
    }

    void create(SpoolFileSystem files, Path file) throws IOException {
        try {
            files.create(file.toAbsolutePath(), UTF_8.encode(text()));
        } catch (FileAlreadyExistsException e) {
            throw new Unusable(file, "it is there already", "give another name; rotate replaces a key");
        }
    }

    /**
     * Replaces a file, whole or not at all: it keeps its owner, has mode 0600, and is on disk afterwards. Of a link, the file
     * to which it leads: the earlier private key must not stay there.
     */
    public void replace(Path file) throws IOException {
        replace(SpoolFileSystem.HOST, file);
    }

    void replace(SpoolFileSystem files, Path file) throws IOException {
        files.replace(files.realPath(file), UTF_8.encode(text()));
    }

    /** Whether the key of the configuration can be used. */
    public static Check check(ProofConfig config, String hostId) {
        String scope = config.keyFile().toString();
        String wanted = "a private key of this host that only its owner can read";
        try {
            return Check.ok(
                    "proof.key-file",
                    scope,
                    "the key is " + read(config.keyFile(), hostId).signer.key(),
                    wanted);
        } catch (Unusable e) {
            return new Check("proof.key-file", scope, Result.FAIL_CONFIGURATION, e.found, wanted, e.remedy);
        } catch (IOException e) {
            return new Check("proof.key-file", scope, Result.FAIL_CONFIGURATION, ErrorText.reason(e), wanted, "");
        }
    }
}

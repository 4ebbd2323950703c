package dev.ctstream.metrics;

import dev.ctstream.netlink.ErrorText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * The certificate of {@code http.listen} and its key, as they were when the files were read. Immutable; any thread.
 *
 * <p>Source: RFC 5208 (PKCS#8), RFC 8446.
 */
public final class HttpTls {
    static final String CERTIFICATE_KEY = "http.tls.certificate-file";
    static final String PRIVATE_KEY = "http.tls.key-file";

    private static final String WANTED = "a certificate that is valid now, and its key";
    private static final String WANTED_KEY = "the certificate's key, readable for the collector alone";
    private static final String READABLE = "let the collector's user read it";
    private static final String CONVERT = "openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW makes one as is wanted";
    private static final Duration SOON = Duration.ofDays(7);
    private static final int OTHERS = 07;
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final int MOST_SESSIONS = 64;
    private static final int SESSION_SECONDS = 300;
    /** How a certificate's type of key signs; the JDK's name for Ed25519 and Ed448 is EdDSA. */
    private static final Map<String, String> SIGNATURES =
            Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA");

    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final SSLContext context;

    /**
     * Where they are.
     *
     * @param certificate PEM: the endpoint's own certificate first, then those between it and the authority
     * @param key PEM, PKCS#8, not encrypted
     */
    public record Location(Path certificate, Path key) {}

    /** Says what cannot be used, and what to do. */
    static final class UnusableException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String name;
        private final String file;
        private final String found;
        private final String remedy;

        UnusableException(String name, Path file, String found, String remedy) {
            super(name + " (" + file + "): " + found + "; " + remedy);
            this.name = name;
            this.file = file.toString();
            this.found = found;
            this.remedy = remedy;
        }

        Check check() {
            return new Check(
                    name,
                    file,
                    Check.Result.FAIL_CONFIGURATION,
                    found,
                    name.equals(PRIVATE_KEY) ? WANTED_KEY : WANTED,
                    remedy);
        }
    }

    private HttpTls(List<X509Certificate> chain, PrivateKey key, SSLContext context) {
        this.chain = chain;
        this.key = key;
        this.context = context;
    }

    /**
     * Reads both files.
     *
     * @throws IOException when they cannot be used; the text names the key of the configuration, the file and the remedy. A
     *     certificate that has expired can be: that is the clients' decision
     */
    public static HttpTls read(Location files) throws IOException {
        List<X509Certificate> chain = certificates(files.certificate());
        PrivateKey key = key(files, chain.get(0));
        try {
            return new HttpTls(chain, key, context(chain, key));
        } catch (GeneralSecurityException e) {
            throw new UnusableException(
                    CERTIFICATE_KEY, files.certificate(), "this Java cannot use it: " + ErrorText.reason(e), CONVERT);
        }
    }

    private static SSLContext context(List<X509Certificate> chain, PrivateKey key)
            throws GeneralSecurityException, IOException {
        char[] password = new char[0]; // of a store in memory
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, password);
        store.setKeyEntry("http", key, password, chain.toArray(new Certificate[0]));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        context.getServerSessionContext().setSessionCacheSize(MOST_SESSIONS);
        context.getServerSessionContext().setSessionTimeout(SESSION_SECONDS);
        return context;
    }

    private static List<X509Certificate> certificates(Path file) throws UnusableException {
        String text = text(CERTIFICATE_KEY, file);
        List<X509Certificate> chain = new ArrayList<>();
        for (PemFile.Block block : PemFile.blocks(text)) {
            if (block.label().equals("CERTIFICATE")) {
                try {
                    chain.add((X509Certificate) CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(block.der())));
                } catch (GeneralSecurityException | IllegalArgumentException e) {
                    throw new UnusableException(
                            CERTIFICATE_KEY,
                            file,
                            "certificate " + (chain.size() + 1) + " cannot be read: " + ErrorText.reason(e),
                            "take it again from where it was issued");
                }
            }
        }
        if (chain.isEmpty()) {
            throw new UnusableException(
                    CERTIFICATE_KEY,
                    file,
                    "holds no PEM certificate (-----BEGIN CERTIFICATE-----)",
                    "openssl x509 -inform der -in CERTIFICATE -out NEW makes PEM of DER");
        }
        for (int i = 1; i < chain.size(); i++) {
            if (!chain.get(i - 1).getIssuerX500Principal().equals(chain.get(i).getSubjectX500Principal())) {
                throw new UnusableException(
                        CERTIFICATE_KEY,
                        file,
                        "certificate " + (i + 1) + " is not the issuer of certificate " + i,
                        "give the endpoint's own certificate, then each one's issuer");
            }
        }
        return chain;
    }

    private static PrivateKey key(Location files, X509Certificate of) throws UnusableException {
        Path file = files.key();
        List<PemFile.Block> blocks = PemFile.blocks(text(PRIVATE_KEY, file)).stream()
                .filter(block -> block.label().endsWith("PRIVATE KEY"))
                .toList();
        if (blocks.isEmpty()) {
            throw new UnusableException(
                    PRIVATE_KEY, file, "holds no PEM key (-----BEGIN PRIVATE KEY-----)", "give the certificate's key");
        }
        PemFile.Block block = blocks.get(0);
        if (block.label().startsWith("ENCRYPTED") || block.base64().isBlank()) {
            throw new UnusableException(PRIVATE_KEY, file, "the key is encrypted", CONVERT);
        }
        if (!block.label().equals("PRIVATE KEY")) {
            throw new UnusableException(
                    PRIVATE_KEY, file, "the key has the form " + block.label() + ", not PKCS#8", CONVERT);
        }
        PublicKey certified = of.getPublicKey();
        String signature = SIGNATURES.get(certified.getAlgorithm());
        if (signature == null) {
            throw new UnusableException(
                    CERTIFICATE_KEY,
                    files.certificate(),
                    "its key is of type " + certified.getAlgorithm(),
                    "get one with a key of type RSA, EC or Ed25519");
        }
        PrivateKey key = parse(file, block);
        try {
            if (fits(key, certified, signature)) {
                return key;
            }
        } catch (GeneralSecurityException e) {
            throw new UnusableException(PRIVATE_KEY, file, "this Java cannot use it: " + ErrorText.reason(e), CONVERT);
        }
        throw new UnusableException(
                PRIVATE_KEY,
                file,
                "the key does not fit the first certificate of " + files.certificate(),
                "give the key with which that was requested, and its own certificate before those of authorities");
    }

    private static PrivateKey parse(Path file, PemFile.Block block) throws UnusableException {
        String problem = "";
        for (String type : SIGNATURES.keySet()) {
            try {
                return KeyFactory.getInstance(type).generatePrivate(new PKCS8EncodedKeySpec(block.der()));
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                problem = ErrorText.reason(e); // of another type, or of none
            }
        }
        throw new UnusableException(PRIVATE_KEY, file, "the key cannot be read: " + problem, CONVERT);
    }

    private static boolean fits(PrivateKey key, PublicKey certified, String algorithm) throws GeneralSecurityException {
        if (!key.getAlgorithm().equals(certified.getAlgorithm())) {
            return false;
        }
        byte[] text = CERTIFICATE_KEY.getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(text);
        try {
            return signature.verify(signed);
        } catch (SignatureException e) {
            return false; // of another length
        }
    }

    private static String text(String name, Path file) throws UnusableException {
        try {
            return PemFile.read(file);
        } catch (IOException e) {
            throw new UnusableException(name, file, ErrorText.reason(e), READABLE);
        }
    }

    /** Whether both files can be used, and may be for a while. */
    public static Check check(Location files, Instant now) {
        try {
            HttpTls tls = read(files);
            X509Certificate own = tls.chain.get(0);
            Instant begin = own.getNotBefore().toInstant();
            Instant end = own.getNotAfter().toInstant();
            String scope = files.certificate().toString();
            String renew = "renew it, and send SIGHUP (systemctl reload ctstream)";
            if (now.isAfter(end)) {
                return Check.warn(
                        CERTIFICATE_KEY, scope, "has expired at " + end + ": clients refuse it", WANTED, renew);
            }
            if (now.isBefore(begin)) {
                return Check.warn(CERTIFICATE_KEY, scope, "is valid only from " + begin, WANTED, "look at the clock");
            }
            if (end.isBefore(now.plus(SOON))) {
                return Check.warn(CERTIFICATE_KEY, scope, "expires at " + end, WANTED, renew);
            }
            if (((Integer) Files.getAttribute(files.key(), "unix:mode") & OTHERS) != 0) {
                String key = files.key().toString();
                return Check.warn(PRIVATE_KEY, key, "everybody on this host may use it", WANTED_KEY, "chmod o= " + key);
            }
            return Check.ok(CERTIFICATE_KEY, scope, "fits its key, valid until " + end, WANTED);
        } catch (UnusableException e) {
            return e.check();
        } catch (IOException e) {
            return Check.fail(PRIVATE_KEY, files.key().toString(), ErrorText.reason(e), WANTED_KEY, READABLE);
        }
    }

    /** Whether it is the same certificate and key. */
    boolean isSame(HttpTls other) {
        return chain.equals(other.chain) && key.equals(other.key);
    }

    /**
     * TLS on an accepted connection, whose handshake begins with the first read. Closing it closes the connection.
     *
     * @param begun what was read of the connection
     */
    SSLSocket on(Socket connection, InputStream begun) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(connection, begun, true);
        socket.setEnabledProtocols(PROTOCOLS);
        return socket;
    }
}

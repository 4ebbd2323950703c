package dev.ctstream.record;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Whom a client of the registry trusts, and its own certificate. The kind of a store is found by its content. */
final class RegistryTls {
    private static final String TRUST = "truststore.location";
    private static final String TRUST_PASSWORD = "truststore.password";
    private static final String KEYS = "keystore.location";
    private static final String KEYS_PASSWORD = "keystore.password";
    private static final String KEY_PASSWORD = "key.password";

    /** Names after {@link RegistrySettings#SSL}. */
    static final List<String> NAMES = List.of(TRUST, TRUST_PASSWORD, KEYS, KEYS_PASSWORD, KEY_PASSWORD);

    private static final String PEM = "-----BEGIN";

    private RegistryTls() {}

    static SSLContext context(Map<String, String> settings) throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys(settings), trust(settings), null);
        return context;
    }

    private static TrustManager @Nullable [] trust(Map<String, String> settings)
            throws IOException, GeneralSecurityException {
        String location = settings.get(TRUST);
        if (location == null) {
            return null;
        }
        byte[] content = Files.readAllBytes(Path.of(location));
        boolean pem = new String(content, StandardCharsets.ISO_8859_1).contains(PEM);
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(pem ? certificates(content) : store(location, settings.get(TRUST_PASSWORD)));
        return factory.getTrustManagers();
    }

    private static KeyStore certificates(byte[] pem) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int number = 0;
        for (Certificate certificate :
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem))) {
            store.setCertificateEntry("certificate-" + number++, certificate);
        }
        return store;
    }

    private static KeyManager @Nullable [] keys(Map<String, String> settings)
            throws IOException, GeneralSecurityException {
        String location = settings.get(KEYS);
        if (location == null) {
            return null;
        }
        String password = settings.get(KEYS_PASSWORD);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store(location, password), characters(settings.getOrDefault(KEY_PASSWORD, password)));
        return factory.getKeyManagers();
    }

    private static KeyStore store(String location, @Nullable String password)
            throws IOException, GeneralSecurityException {
        return KeyStore.getInstance(new File(location), characters(password));
    }

    private static char @Nullable [] characters(@Nullable String password) {
        return password == null ? null : password.toCharArray();
    }
}

/*
 * Ers - what BouncyCastle says of evidence records (RFC 4998)
 *
 * Reads lines of file names from standard input, separated by tabs: the authority's certificate,
 * the record, the files of its data object group. Answers each with a line "yes" or
 * "no: reason".
 */
import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

public class Ers {
    static void judge(String[] names) throws Exception {
        X509CertificateHolder authority;
        try (PEMParser pem = new PEMParser(new FileReader(names[0]))) {
            authority = (X509CertificateHolder) pem.readObject();
        }
        ERSEvidenceRecord record = new ERSEvidenceRecord(
            Files.readAllBytes(Path.of(names[1])), new JcaDigestCalculatorProviderBuilder().build());
        X509CertificateHolder signer = record.getSigningCertificate();
        if (signer == null)
            throw new Exception("the signer's certificate is not in the token");
        if (!signer.isSignatureValid(
                new JcaContentVerifierProviderBuilder().build(authority)))
            throw new Exception("another authority signed");
        record.validate(new JcaSimpleSignerInfoVerifierBuilder().build(signer));
        List<ERSData> files = new ArrayList<>();
        for (int i = 2; i < names.length; i++)
            files.add(new ERSByteData(Files.readAllBytes(Path.of(names[i]))));
        if (files.size() == 1)
            record.validatePresent(files.get(0), new Date());
        else
            record.validatePresent(new ERSDataGroup(files), new Date());
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            try {
                judge(line.split("\t"));
                System.out.println("yes");
            } catch (Exception e) {
                System.out.println("no: " + String.valueOf(e.getMessage()).replace('\n', ' '));
            }
        }
    }
}

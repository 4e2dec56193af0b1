/*
 * suggest_vocabulary - the words that suggestions rest on, by class; French and English together
 *
 * To teach a word: add it to the line of its class. To teach a way of saying: suggest_rules.c.
 */
#include "policy/suggest_vocabulary.h"

#include <stddef.h>

const struct vocabulary_line vocabulary_lines[] = {
    /* --- paying, French ----------------------------------------------------------------------*/
    {PAY, "regl~ pay~ pai~ vir~ sold~ vers~ acquitt~ honor~ mandat~ rembours~ regularis~ apur~"},
    {PAY_ONE, "paye reglle"},
    {PAY_FUT, "payrons reglerons reglerai payerons paierons acquiterons"},
    {DO, "effectu~ proced~ declench~ realis~ lanc~ initi~ pass~ post~ expedi~ depos~ adress~ "
         "envoi~ envoy~ valid~ trait~ prepar~ ordonn~ execut~ faire emettre transmettre mettre "
         "remettre"},
    {DO_FUT, "ferai ferons fera feront enverrai enverrons enverra enverront emettrai emettrons "
             "emettra emettront transmettrai transmettrons transmettra transmettront mettrai "
             "mettrons mettra mettront remettrai remettrons remettra procederons procederai"},
    {DO_ONE, "fais fait fai emets emet transmets transmet mets met remets remet envoie envoi"},
    {DO_ONS, "faisons emettons transmettons mettons remettons"},
    {DO_ENT, "font emettent transmettent mettent"},
    {DO_PAST, "fait faite faits faites emis emise emises transmis transmise mis mise mises remis "
              "remise parti partie parties partis envoye adresse poste effectue"},
    {PAYMENT,
     "paiement paiements payement payements reglement reglements virement virements "
     "virment virt cheque cheques chq versement versements acompte accompte acomptes "
     "prelevement mandatement lcr traite wire payment payments remittance check checks "
     "transfer bacs funds argent fonds money regularisation transfert reglemnt paiment payment_of"},
    {BILL, "facture* fact fac montant somme totalite invoice* bill creance impaye echeance "
           "arriere* amount sum account arrears factures dette du_montant"},
    {LEAVES, "partira partiront part partent partons interviendra interviendront arrivera "
             "parviendra parviendront sortira "
             "arriveront passera tombera"},
    {LEAVE, "partir intervenir parvenir arriver go follow leave arrive reach be_with clear"},
    {LEFT_PAST, "parti partie partis parties arrive passe went left sorti"},
    {I, "je j moi i"},
    {WE, "nous on we notre compta comptable comptabilite"},
    {YOU, "vous you"},
    {IT, "ce c cela ca celle celui it this that ceci celles ceux"},
    {THEM, "vous le la les l en y ca cela te tout it you this that lui cette"},
    {GO, "manquerai manquerons vais va allons vont m_engage nous_engageons s_engage promets "
         "promettons promis"},
    {CAN, "peux peut pouvons pourrai pourrons pourra pourrions pourrais compte comptons prevois "
          "prevoyons envisageons envisage pense pensons penses espere esperons doit devons "
          "devrais devrait devrions mesure propose proposons souhaite souhaitons can could plan "
          "planning intend "
          "expect hope hoping aim able propose should expecting aiming intending looking position"},
    {WILL, "will ll shall gonna going_to promise_to commit_to undertake_to"},
    {BE, "be etre aurai aura aurons auront aurais aurait auriez aurions"},
    {WILL_BE,
     "sera seront serons va_etre vont_etre will_be ll_be shall_be is_going_to_be devrait_etre "
     "devraient_etre devrait_avoir should_be is_to_be is_due_to_be pourra_etre is_being "
     "are_being serez"},
    {IS, "est sont is are am re m"},
    {HAVE, "ai avons !a ont have has had ve avions"},
    {HAVING, "avoir having"},
    {BEEN, "a_ete ont_ete a_bien_ete ont_bien_ete a_deja_ete a_donc_ete avait_ete"},
    {WAS, "was were been got"},
    {JUST, "viens_de venons_de vient_de viens_d venons_d vient_d"},
    {ALREADY, "deja already bien"},
    {PLANNED, "prevu prevue prevus prevues programme programmee programmes planifie planifiee "
              "ordonnance ordonnancee scheduled planned due_to en_cours en_attente_de_signature "
              "in_progress being_processed underway queued lined_up booked arranged set_up"},
    {RECEIVE_FUT, "recevrez aurez"},
    {RECEIVE, "receive have get see recevoir expect"},
    {COUNT_ON, "comptez_sur pouvez_compter_sur count_on"},
    {NECESSARY, "necessaire"},
    {PAY_RUN, "payment_run pay_run cheque_run check_run bacs_run campagne_de_reglement* "
              "campagne_de_paiement* prochain_reglement prochaine_echeance prochain_paiement "
              "payment_batch vague_de_paiement*"},
    {BY_MEANS, "par_cheque par_virement par_carte par_cb by_cheque by_check by_transfer "
               "by_bank_transfer par_prelevement by_card by_bacs en_especes par_lcr"},
    {PROOF,
     "avis_de_virement preuve_de_paiement preuve_du_paiement preuve_de_virement "
     "preuve_du_virement ordre_de_virement justificatif_de_paiement justificatif_du_paiement "
     "justificatif_de_virement justificatif_du_virement confirmation_de_virement "
     "confirmation_du_virement attestation_de_virement recu_de_paiement copie_du_virement "
     "copie_du_cheque preuve_de_reglement preuve_du_reglement avis_de_paiement avis_d_operation "
     "proof_of_payment remittance_advice payment_confirmation confirmation_of_payment "
     "transfer_confirmation payment_advice copy_of_the_transfer swift_copy releve_bancaire "
     "justificatif_de_reglement confirmation_de_paiement payment_receipt bank_confirmation"},
    {ATTACHED, "ci_joint ci_jointe ci_joints joint jointe joints attached enclosed trouverez "
               "piece_jointe pj ci_dessous voici attach here_is joins joignons joindre"},
    {UP_TO_DATE, "a_jour up_to_date"},
    {DEBITED, "debite debitee encaisse debited cashed preleve prelevee credite"},
    {BALANCE, "solde reste reliquat balance remainder rest restant complement remaining"},
    {PART, "acompte accompte moitie half part deposit first second premier deuxieme second "
           "premiere instalment installment"},
    /* --- how it is said ----------------------------------------------------------------------*/
    {NEG, "pas jamais aucun aucune rien ni nullement non sans not never cannot cant havent "
          "didnt doesnt without nothing neither no_payment no_longer"},
    {NO_NEG, "pas_de_souci* pas_de_probleme* pas_de_quoi manquer*_pas manque*_pas no_problem* "
             "no_worries n_hesitez_pas ne_vous_inquietez_pas pas_d_inquietude pas_seulement "
             "non_seulement not_only pas_d_objection not_a_problem n_hesite*_pas "
             "ne_vous_en_faites_pas do_not_worry sans_faute sans_probleme sans_souci "
             "sans_delai sans_attendre sans_tarder without_delay sans_plus_tarder without_fail "
             "do_not_hesitate ce_n_est_pas_grave"},
    {TURN, "mais car but because parce cependant toutefois however puisque therefore or "
           "so though although bien_que"},
    {JOIN, "et puis and then ou ensuite"},
    {WHEN, "si if des_que des_reception des_lors des_validation des_accord lorsque lorsqu une_fois "
           "unless as_soon_as "
           "apres_reception a_reception "
           "once sous_reserve a_condition tant_que upon_receipt quand when aussitot_que "
           "en_cas_de in_case apres_validation"},
    {NO_WHEN, "s_il_vous_plait s_il_te_plait si_possible si_besoin si_necessaire if_possible "
              "if_necessary if_needed des_que_possible as_soon_as_possible si_vous_pouv* "
              "if_you_could if_you_can si_je_ne_me_trompe si_vous_voulez_bien si_vous_le_souhaitez "
              "when_you_can si_je_ne_m_abuse si_c_est_possible if_you_would si_cela_est_possible "
              "des_que_je_peux des_que_je_pourrai"},
    {REPORTED,
     "vous_dites vous_indiquez vous_m_indiquez vous_nous_indiquez vous_ecrivez "
     "vous_affirmez vous_pretendez vous_reclamez vous_m_avez_dit vous_nous_dites "
     "vous_me_dites you_say you_said you_claim you_state you_wrote d_apres_vous selon_vous "
     "vous_nous_demandez vous_me_demandez you_ask you_asked votre_relance_indique vous_aviez_dit"},
    {ASK,
     "quand pourquoi comment quel quelle quels quelles combien est_ce pouvez_vous "
     "pourriez_vous pouvons_nous pourrions_nous avez_vous auriez_vous devons_nous dois_je "
     "puis_je peut_on serait_il est_il savez_vous when why how what which who could_you can_you "
     "would_you do_you are_you have_you did_you is_it could_we can_we may_we should_we do_we "
     "avons_nous etes_vous accepteriez_vous acceptez_vous peux_tu pourrais_tu pourrait_on "
     "souhaitez_vous voulez_vous qui ou_en would_it is_there y_a_t_il a_t_il a_t_elle "
     "n_avez_vous n_avons_nous is_this has_it was_it has_this sera_t_il sera_t_elle "
     "payerez_vous verriez_vous pourrais_je could_i can_i may_i would_there any_chance "
     "est_ce_possible"},
    {OFTEN, "chaque toujours habituellement generalement always usually every systematiquement"},
    {RELATIVE, "que qui dont which that"},
    /* --- paying, English ---------------------------------------------------------------------*/
    {SETTLE, "pay settle transfer wire remit clear repay"},
    {SETTLING, "paying settling transferring wiring clearing remitting"},
    {SETTLED, "paid settled transferred wired remitted cleared payed"},
    {ISSUE, "send make process issue release do put post raise arrange approve get mail initiate "
            "authorise authorize complete submit"},
    {ISSUING, "sending making processing issuing releasing doing posting arranging"},
    {ISSUED, "sent made processed issued released done posted mailed initiated completed "
             "executed submitted"},
    /* --- disputes ----------------------------------------------------------------------------*/
    {CONTEST, "contestons conteste contestation contester contestee dispute disputing disputed "
              "contesting contest contestent"},
    {QUARREL, "litige litigieuse litigation desaccord reclamation differend disagree complaint "
              "disputes notre_avocat mon_avocat our_lawyer our_lawyers my_lawyer our_solicitor "
              "our_solicitors notre_conseil_juridique service_contentieux notre_juriste tribunal "
              "differends litiges reclamations"},
    {RESOLVED, "clos close resolu resolue termine leve levee resolved closed"},
    {REFUSE, "refuse refusons refusent refusing refuser opposons oppose"},
    {WITHHOLD, "suspendons suspends suspendre suspendu suspension bloquons bloque bloquer bloques "
               "retenons retenue withhold* withheld blocking gelons on_hold holding_back"},
    {OWE, "devons dois redevables redevable owe liable"},
    {GOODS,
     "marchandise* commande commandes produit produits article articles colis carton "
     "cartons piece pieces palette palettes livraison livraisons materiel materiels "
     "goods order orders items item delivery parcel shipment products product equipment units "
     "reference references machine appareil fourniture* livree part parts stock boxes box "
     "commandee lot"},
    {WORK, "prestation prestations travaux intervention chantier travail mission service services "
           "installation maintenance formation work works job project site development technicien "
           "techniciens equipe equipes monteur ouvriers livreur maintenance heures hours"},
    {RECEIVED, "recu recue recus recues received receive reception receptionne* parvenu parvenue "
               "parvenus parvenues"},
    {DELIVERED, "livre livree livres livrees livraison delivered arrived shipped arrive arrivee "
                "arrives arrivees"},
    {ORDERED, "commande commandes commandee ordered requested"},
    {ORDER,
     "commande commandes contrat devis order abonnement contract subscription intervention quote "
     "purchase_order prestation marche bon_de_commande po reservation souscription service "
     "achat"},
    {PLACED, "passe passee signe signee placed signed valide validee souscrit demande accepte "
             "authorised authorized approved raised authorise authorize approve request"},
    {MATCH, "correspond correspondent correspondait match matches matching corresponds "
            "correspondant agree_with"},
    {CANCELLED, "annule annulee annulees resilie resiliee cancelled canceled terminated retournee "
                "retourne retournes returned renvoye renvoyes renvoyee renvoyees refuse refusee"},
    {DAMAGED,
     "casse cassee casses cassees endommage* abime abimee abimes abimees defectueu* damaged faulty "
     "defective broken deteriore* rouille* perime* hors_service en_panne hs inutilisable "
     "inutilisables"},
    {CONFORM, "conforme conformes conformite compliant as_described as_ordered as_agreed"},
    {MISSING, "manque manquent manquait manquaient manquant manquante manquants manquantes "
              "missing incomplete incomplet incompletes partielle partiellement short"},
    {ERROR, "erreur erreurs error errors mistake anomalie anomalies ecart discrepancy difference"},
    {NO_ERROR,
     "sauf_erreur erreur_de_notre_part erreur_de_ma_part notre_erreur mon_erreur "
     "our_error our_mistake my_mistake erreur_de_notre_cote erreur_interne "
     "par_erreur erreur_de_destinataire erreur_informatique erreur_de_virement erreur_comptable "
     "unless_mistaken error_on_our on_our_side"},
    {FIGURE, "prix tarif tarifs montant montants quantite quantites tva remise taux somme total "
             "facturation price prices quantity quantities amount vat rate rates discount "
             "calcul ligne billing pricing"},
    {WRONG, "errone erronee errones erronees incorrect incorrecte incorrects faux fausse inexact "
            "inexacte mauvais mauvaise wrong inaccurate incoherent excessif"},
    {AGREED, "convenu convenue convenus negocie negociee agreed prevu_au accepte devise"},
    {AGREE, "accord agree"},
    {CHARGED, "facture facturee facturees factures charged billed invoiced comptee compte"},
    {TWICE, "deux_fois 2_fois en_double doublement twice a_deux_reprises double_emploi"},
    {OVERDONE, "surfactur* trop_factur* trop_percu a_tort indument indue doublon doublons "
               "double_facturation overcharg* double_billed double_billing duplicate_charge "
               "duplicate_billing"},
    {CREDIT, "avoir avoirs credit_note credit_notes note_de_credit credit_memo"},
    {DONE,
     "realise realisee realisees realises effectue effectuee effectuees termine terminee terminees "
     "termines fini finie finis finies completed finished done acheve achevee acheves achevees "
     "execute executee "
     "executees provided carried_out performed rendue faite faites fait delivered livre livree "
     "venu venus intervenu intervenus passe rendu corrige corrigee repare reparee resolu fixed"},
    {BOTCHED,
     "bacle baclee malfacon malfacons inacheve inachevee inacheves mal_fait mal_faite mal_realise* "
     "mauvaise_qualite poor_quality vice_cache defaut_de defauts unfinished unsatisfactory "
     "insatisfaisant* pas_satisf* not_satisf* substandard reserves_non emis_des_reserves "
     "des_reserves"},
    {RUN, "fonctionne fonctionnent marche marchent fonctionnait work working works"},
    {CONCERN, "concerne concernent"},
    /* --- documents ---------------------------------------------------------------------------*/
    {REQUEST,
     "merci_de merci_d merci_par_avance_de merci_de_bien pouvez_vous pourriez_vous pourriez pouvez "
     "veuillez veuilez priere_de peux_tu pourrais_tu serait_il est_il_possible "
     "possible_de possible_d possibilite_de could_you can_you would_you will_you please kindly pls "
     "plz "
     "grateful appreciate prie prions demande demandons souhaiterais souhaiterions "
     "souhaitons aimerais aimerions reconnaissant reconnaissants obligee saurais_gre gre aimable "
     "voudriez_vous voulez_vous bien_vouloir like could_we can_we could_i can_i might_you "
     "puis_je pourrais_je would_like veux_tu pourrait_on peut_on amabilite obligeance gentillesse "
     "serait_ce"},
    {SEND,
     "envoyer renvoyer transmettre retransmettre adresser readresser fournir communiquer "
     "parvenir faire_parvenir mailer faxer reenvoyer recevoir avoir obtenir produire send resend "
     "re_send "
     "forward provide share email supply get have receive obtain see joindre remettre donner "
     "sending resending providing forwarding reprendre scanner editer edit envoie preciser  "
     "indiquer indique envoi transfere transferer mail issue suivre redonner deposer "
     "redepose retourner"},
    {SEND_IMP,
     "envoyez renvoyez transmettez adressez communiquez fournissez donnez envoies envoie transmets "
     "joignez send_me resend envoi_moi redonnez"},
    {NEED, "besoin faut faudrait need needs require requires manque missing necessite exige "
           "faudra needed reclame"},
    {WAIT, "attends attendons attente attend attendions waiting await awaiting pending expect "
           "expecting expected"},
    {DOCUMENT,
     "facture factures duplicata duplicatas duplicat copie copies rib iban releve releves "
     "bon_de_livraison bons_de_livraison bl bls bon_de_commande attestation attestations kbis "
     "k_bis urssaf devis "
     "contrat justificatif justificatifs pv proces_verbal coordonnees_bancaires "
     "numero_de_commande numero_de_bon numero_de_bc n_de_commande n_de_bon decompte detail_des "
     "detail_de_la detail_du fiche feuille* timesheet* rapport rapports facturx "
     "pdf piece_jointe pieces_jointes bordereau references_bancaires situation invoice invoices "
     "copy statement statements "
     "bank_details proof_of_delivery pod delivery_note po_number po purchase_order_number "
     "account_details "
     "receipt breakdown w_9 w9 certificate iban_number duplicate remittance_details vat_number bic "
     "document documents originaux original courrier lettre photo photos signed_delivery "
     "banking_details extrait extraits"},
    {FIND, "trouve trouvons retrouve retrouvons trace find locate found retrouver trouver see "
           "seem_to_have"},
    {POSSESS, "auriez_vous avez_vous do_you_have have_you_got disposez_vous"},
    {UPON,
     "des_reception a_reception apres_reception upon_receipt on_receipt once_we_receive "
     "once_we_have as_soon_as_we_receive as_soon_as_we_have des_que_nous_aurons des_que_j_aurai "
     "des_que_je_recois des_que_nous_recevrons when_we_receive avant_reception "
     "sans_reception des_l_envoi"},
    {TO_ME, "m me nous moi us"},
    {AGAIN,
     "renvoyer retransmettre readresser resend re_send reenvoyer renvoi duplicata again nouveau"},
    {ENCLOSED, "ci_joint joint ci_jointe attached enclosed voici trouverez here_is jointe joints"},
    {THANKS, "merci_pour merci_de_votre merci_de_vos merci_de_ta thanks_for thank_you_for "
             "merci_de_nous_avoir merci_de_m_avoir merci_d_avoir"},
    {CORRECT, "corriger rectifier annuler corrige corrigee rectificative rectifiee correct amend "
              "amended corrected revised corrective modifier"},
    {LACK, "absence sans faute_de without lacking defaut"},
    {BANK, "rib iban coordonnees_bancaires bank_details account_number"},
    /* --- time --------------------------------------------------------------------------------*/
    {DELAY, "delai delais extension report sursis moratoire extra_time more_time deferral"},
    {NO_DELAY, "meilleurs_delais brefs_delais plus_brefs_delais delai_de_livraison sans_delai "
               "delais_de_livraison delais_les_plus delais_habituels delai_de_traitement "
               "meilleur_delai delai_imparti delai_de_reponse retard_de"},
    {GRANT, "accorder accorderiez accordiez accord octroyer laisser obtenir consentir beneficier "
            "demande demandons demander sollicite sollicitons solliciter besoin souhaitons "
            "souhaiterions souhaiterais souhaite aimerions aimerais possible faudrait "
            "supplementaire supplementaires grant give allow request ask asking need envisageable "
            "envisager proposer donner convenir accepteriez accepter remercierions have propose "
            "proposons get bienvenu bienvenue appreciated apprecie necessaire utile"},
    {SCHEDULE,
     "echeancier echeanciers payment_plan instalments installments instalment_plan mensualites "
     "mensualisation plan_de_paiement plan_de_reglement plan_d_apurement facilites_de_paiement "
     "facilite_de_paiement paiement_echelonne reglement_echelonne arrangement payment_arrangement "
     "etalement echelonnement repayment_plan delai_de_paiement delais_de_paiement "
     "delai_supplementaire "
     "paiements_echelonnes in_stages in_installments in_instalments"},
    {SPREAD,
     "etaler echelonner reporter repousser differer decaler fractionner spread defer postpone "
     "mensualiser lisser split delay"},
    {TIMES,
     "en_deux_fois en_2_fois en_trois_fois en_3_fois en_quatre_fois en_4_fois en_plusieurs_fois "
     "en_cinq_fois en_5_fois en_six_fois en_6_fois en_10_fois en_dix_fois 2_fois 3_fois 4_fois "
     "en_plusieurs_mensualites en_plusieurs_echeances par_mensualites sur_plusieurs_mois "
     "in_two in_three in_four in_several par_mois per_month a_month en_plusieurs_paiements "
     "en_plusieurs_versements en_plusieurs_reglements in_2 in_3 in_4"},
    {TROUBLE, "difficulte difficultes probleme problemes souci soucis difficulties difficulty "
              "problem problems issue issues tensions tension struggling baisse manque"},
    {CASH, "tresorerie financier* financiere* cash_flow cashflow financial passagere* passager* "
           "liquidites economique*"},
    {TIGHT, "tendue tres_tendue compliquee difficile serree exsangue tight limitee insuffisante "
            "fragile delicate fragilisee catastrophique compliquees mal suit"},
    {PATIENCE, "patienter patience patient bear_with attendre indulgence comprehension wait"},
    {TIME, "temps time weeks days semaines jours months mois"},
    {MORE,
     "supplementaire supplementaires more extra additional un_peu few quelques another little"},
    {UNTIL, "jusqu jusque until till"},
    {BEFORE, "avant before until"},
    {UNABLE, "impossible incapable unable incapacite impossibilite struggling"},
    {NOW, "moment instant actuellement immediatement tout_de_suite present ce_jour en_une_fois "
          "totalite integralite right_now immediately currently in_full now actuel en_totalite "
          "at_once all_at"},
    {WISH, "souhaitons souhaiterions souhaiterais souhaite aimerions aimerais voudrions voudrais "
           "proposons propose like"},
    /* --- persons -----------------------------------------------------------------------------*/
    {MISTAKEN,
     "vous_trompez trompez_d trompe_d erreur_de_destinataire vous_etes_trompe "
     "vous_vous_etes_trompe wrong_person wrong_email "
     "wrong_address wrong_department wrong_company mauvais_interlocuteur mauvaise_personne "
     "mauvais_destinataire mauvaise_adresse mauvais_service wrong_contact"},
    {PERSON, "interlocuteur interlocutrice destinataire personne contact person recipient adresse "
             "service department"},
    {IN_CHARGE,
     "en_charge m_occupe occupe gere handle handles deal responsible responsable in_charge "
     "traite m_en_occupe charge s_occupe gerons manage concerne concernee"},
    {QUIT,
     "quitte quittee left quitter depart retired parti_a_la_retraite retraite partie_a_la_retraite "
     "leaving"},
    {COMPANY,
     "societe entreprise etablissement groupe company firm business poste fonctions fonction "
     "organisation organization structure cabinet service effectifs association us"},
    {EMPLOYED,
     "travaille work works working employed salarie salariee collaborateur partie poste "
     "gerant gerante fais_partie fait_partie interlocuteur interlocutrice valide utilisee utilise "
     "consultee active monitored used employee employe effectifs"},
    {NO_LONGER, "no_longer not_anymore"},
    {CONTACT,
     "contacter contactez joindre joignez rapprocher ecrire ecrivez vous_adresser "
     "adressez_vous voir voyez appeler appelez interlocuteur contact email call reach write "
     "adresser adressez envoyer envoyez renvoyer renvoyez resend transmettre direct send forward "
     "redirect "
     "speak solliciter prendre_contact prenez_contact rediriger tourner faire_suivre get_in_touch "
     "address copy mettre_en_copie relation s_adresser"},
    {ME, "me m moi nous"},
    {SERVICE,
     "comptabilite compta service_comptable accounts accounting accounts_payable "
     "service_fournisseurs facturation comptable collegue colleague accountant "
     "siege direction mandataire liquidateur administrateur successeur assistante assistant "
     "responsable gerant finance"},
    {TITLE, "m mr mrs ms mme madame monsieur mlle maitre me_ms"},
    {REPLACED,
     "remplace_par remplacee_par remplace remplacee replaced succede successeur successor "
     "reprend"},
    {GOOD_ONE, "bon bonne right correct good bons"},
    /* --- more of all -------------------------------------------------------------------------*/
    {CONFIRM, "confirme confirmons confirmer confirm confirming confirmed confirment annonce"},
    {BIDDEN, "demande donne asked instructed told requested charge"},
    {ORDER_IT, "order authorise authorize request"},
    {DIFFERS,
     "superieur* inferieur* different differente differents differentes differe higher lower "
     "trop_eleve trop_elevee different_from differs ne_correspond plus_elevee plus_eleve "
     "plus_elevees plus_eleves trop_cher trop_chere too_high too_much plus_cher plus_chere"},
    {WHEREAS, "alors_que au_lieu_de au_lieu_des au_lieu_du instead_of rather_than et_non "
              "tandis_que whereas et_pas and_not mais_pas"},
    {APPLIED, "applique appliquee appliquees deduit deduite deduits pris_en_compte prise_en_compte "
              "applied deducted accordee honoree"},
    {REGARDS, "compte account"},
    {RESPECTED, "respecte respectee respectes respectees respected"},
    {DUE, "due dues exigible justifiee justifie fondee fonde legitime justified valid"},
    {PLEASE, "svp stp please s_il_vous_plait s_il_te_plait pls merci"},
    {SPLIT, "en sur in over by"},
    {COUNT, "deux trois quatre cinq six plusieurs two three four five several dix douze"},
    {PORTION, "fois echeance* mensualite* versement* paiement* virement* reglement* cheque* "
              "traite* part parts instalment* "
              "installment* payments mois months tranche* partie parties"},
    {RETIRED,
     "parti_a_la_retraite partie_a_la_retraite parti_en_retraite partie_en_retraite retired "
     "en_retraite depart_a_la_retraite depart_en_retraite pris_sa_retraite"},
    {HENCEFORTH, "desormais dorenavant maintenant now henceforth nouvel nouveau nouvelle new"},
    {AGENT, "interlocuteur interlocutrice point_of_contact contact_person referent contact"},
    {FREE, "gratuit* offert offerte offerts offertes free_of_charge"},
    {HE, "he she they"},
    {HERE, "here anymore any_more for_this for_the for_them"},
    {MYSELF, "a_moi moi_qu"},
    {POSTED, "in_the_post in_the_mail"},
    /* where a date may begin (spoken_date.c) */
    {DATE_WORD,
     "avant apres hier yesterday demain tomorrow the day aujourd aujourdhui today tonight auj ajd "
     "ajourd* ce cet cette this dans en within in end fin il un une a an one deux two couple "
     "trois three quatre four cinq five six sept seven huit eight dix ten quinze fifteen vingt "
     "twenty trente thirty sous d le au du on by before for pour jusqu ici until from vers around "
     "lundi lun monday mon mardi tue* mercredi merc wed* jeudi thu* vendredi ven vend fri* samedi "
     "sam sat* dimanche dim sunday jan* fev* feb* mars march mar avr* april apr mai may juin june "
     "jun juil* july jul aout aug* sept* sep oct* nov* dec* premier premiere seconde deuxieme "
     "derniere last late debut early beginning start mi mid middle milieu courant during sometime "
     "month mois semaine week sem annee year next coming prochain* suivant* dernier sur"},
    {0, NULL},
};

const struct vocabulary_clearing vocabulary_clearings[] = {
    {NO_NEG, NEG, 4},     {NO_WHEN, WHEN, 4},   {NO_ERROR, ERROR, 4},
    {NO_DELAY, DELAY, 4}, {PROOF, PAYMENT, 4},  {NO_DELAY, SCHEDULE, 4},
    {CREDIT, HAVE, 1},    {THANKS, REQUEST, 1}, {0, 0, 0},
};

const struct vocabulary_need vocabulary_needs[] = {
    {"avoir avoirs", "un l cet votre notre vos des aucun mon deux les ces cet", CREDIT, false},
    {"compte comptons", "je on nous ne j", CAN, false},
    {"a", "y", HAVE, true},
    {"promis", "ai as a avons avez ont est", GO, false},
    {"solde", "le du au un notre votre ce mon son de", PAY_ONE, true},
    {"solde", "le du au un notre votre ce mon son de", PAY_PAST, true},
    {"envoie envoies envoi transmets", "je vous nous m te lui leur l les on la le j i", SEND_IMP,
     true},
    {"envoie envoi", "je vous nous m te lui leur les on j", SEND, true},
    {"traite traites", "une la les des par", PAYMENT, false},
    {"prevu prevue", "comme que", PLANNED, true},
    {NULL, NULL, 0, false},
};

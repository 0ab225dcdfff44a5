"""Sentences that call to report an account, and sentences that only speak of reporting: at least
twenty of each in five languages.

What does not call denies it, quotes it, tells of it, asks about it, or uses the verb otherwise
(news, complaints, notices).
"""

CALLING = {
    "en": [
        "Please report @target", "Report @target for spam", "Everyone report @target now", "Mass report @target!!!", "Let's report @target",
        "Go report @target", "Report and block @target", "Block and report @target", "You should report @target asap",
        "We must report this account", "Guys, report @target and @other", "report @target", "Friends, report this profile please",
        "🚨🚨 REPORT @target 🚨🚨", "Pls report @target, he is a bot", "RT: report @target", "Keep reporting @target until it is gone",
        "Don't wait: report @target", "Help me report @target", "All together now: report the account @target", "Spam report @target",
        "Can everyone please report @target?", "If you see this, report @target", "Hit the report button on @target",
        "could you all report @target thanks", "time to report @target folks", "Report @target, @other and @third", "we need to report @target today", "REPORT THIS ACCOUNT @target",
    ],
    "es": [
        "Denuncien a @target", "Por favor denuncien esta cuenta", "Hay que denunciar a @target", "Vamos a denunciar a @target", "Reporten a @target por spam",
        "DENUNCIA a @target", "Denunciad a @target ya", "Denunciemos todos a @target", "Reporta la cuenta @target", "A denunciar a @target",
        "Todos a reportar a @target", "Denunciar en masa a @target", "Favor reportar a @target", "Reportemos esta cuenta", "Bloqueen y denuncien a @target",
        "Ayuden a denunciar a @target", "Amigos, denuncien el perfil @target", "🚨 Denuncien a @target 🚨", "Debemos denunciar a @target",
        "Urgente: reporten a @target", "Denuncien y bloqueen a @target", "Ayúdenme a reportar a @target", "Si ven esto, denuncien a @target",
        "Sigan denunciando a @target hasta que caiga",
        "reporten masivamente @target", "denuncia y bloquea a @target", "toca denunciar a @target", "Compañeros: denunciar a @target", "les pido que denuncien a @target",
    ],
    "fr": [
        "Signalez @target", "Merci de signaler @target", "Il faut signaler le compte @target", "Signalons tous @target", "Signalez ce compte svp",
        "Signalez en masse @target", "Signalez et bloquez @target", "Pensez à signaler @target", "Dénoncez @target", "Veuillez signaler ce profil",
        "À signaler : @target", "🚨 Signalez @target 🚨", "Les amis, signalez @target", "Signale @target", "Allons signaler @target", "Faut signaler @target",
        "RT : signalez @target", "Signalez massivement le compte @target", "Bloquez et signalez @target", "Aidez-moi à signaler @target",
        "Tous ensemble : signalez @target", "Si vous voyez ceci, signalez @target", "On doit signaler @target", "Continuez de signaler @target",
        "On signale @target !", "Signalez-le : @target", "N'hésitez pas à signaler @target", "Bloquez puis signalez @target", "Il est temps de signaler @target",
    ],
    "pt": [
        "Denunciem @target", "Por favor denunciem essa conta", "Vamos denunciar @target", "Bora denunciar o perfil @target", "Reportem @target",
        "Denunciem a conta @target por spam", "Denuncie @target", "É preciso denunciar @target", "Precisamos denunciar @target", "DENUNCIEM O PERFIL @target",
        "Denunciem todos @target", "Vamos todos denunciar @target", "Denunciem em massa @target", "Por favor, denuncie @target", "Bloqueiem e denunciem @target",
        "Ajudem a denunciar @target", "Pessoal, denunciem @target", "🚨 Denunciem @target 🚨", "Urgente: reportem @target", "Denunciem e bloqueiem @target",
        "Reporte essa conta", "Se virem isso, denunciem @target", "Continuem denunciando @target", "Temos que denunciar @target",
        "denunciem todos @target por favor", "gente, denuncia o @target", "hora de denunciar @target", "Galera denunciem essa conta @target", "peço que denunciem @target",
    ],
    "ar": [
        "بلغوا عن @target", "بلّغوا عن الحساب @target", "الرجاء التبليغ عن @target", "يرجى الإبلاغ عن @target", "نرجو التبليغ عن هذا الحساب",
        "قدموا بلاغات ضد @target", "أبلغوا عن @target", "يجب الإبلاغ عن @target", "اعملوا ريبورت على @target", "سووا بلاغ على @target",
        "حملة تبليغ على @target", "بلغوا وحظر @target", "بلغوا الآن عن @target", "بلغ عن @target", "تبليغ على @target", "ريبورت @target",
        "يا شباب بلغوا عن @target", "🚨 بلغوا عن @target 🚨", "عاجل: بلغوا عن @target", "ساعدوني بلغوا عن @target", "لازم نبلغ عن @target",
        "واصلوا التبليغ عن @target", "خلونا نبلغ عن @target", "بلغوا كلكم عن @target",
        "رجاء بلغوا عن @target", "بلغوا عن حساب @target فورا", "نطلب منكم التبليغ عن @target", "اضغطوا ريبورت على @target", "شاركوا في التبليغ عن @target",
    ],
}  # fmt: skip

SPEAKING = {
    "en": [
        "Don't report @target", "Please do not report @target", "Never report @target", "Stop reporting @target", "No need to report @target",
        "They told everyone to report @target", "“Report @target”, she wrote", "Somebody asked us to report @target", "Police report @target is missing",
        "I will not report @target", "Read the report @target published", "He reported @target yesterday", "A report @target wrote is out",
        "New report: @target leads the polls", "Did you report @target?", "Who would report @target?", "Why report @target?",
        "The campaign to report @target failed", "Journalists report @target resigned", "@target was reported by trolls", "Trolls report @target every day",
        "Sources report: @target has fallen", "Reporting from Caracas: @target speaks", "Thanks for the report @target", "He threatened to report @target",
        "New study: people report @target less often", "According to this report @target lied", "Reuters report: @target arrested", "She said she would report @target", "Please stop asking me to report @target",
    ],
    "es": [
        "No denuncien a @target", "Dejen de denunciar a @target", "Nunca denuncien a @target", "Piden que denuncien a @target",
        "«Denuncien a @target», escribió", "María denuncia a @target por fraude", "@ana denuncia a @target", "La denuncia a @target fue archivada",
        "El partido denuncia un ataque de @target", "El ministro denunció a @target", "Llamaron a denunciar a @target", "Se reporta que @target renunció",
        "Según reporta @target, hay luz", "¿Por qué denunciar a @target?", "¿Quién denuncia a @target?", "Nadie va a denunciar a @target",
        "No vamos a denunciar a @target", "La campaña para reportar a @target fracasó", "Me amenazó con denunciar a @target", "Fue a denunciar a @target a la fiscalía",
        "Se negó a denunciar a @target", "Reporta @target desde Caracas", "Denuncia de @target contra el gobierno", "Gracias por el reporte @target",
        "Dijeron que hay que denunciar a @target",
        "Ayer denunciaron a @target", "El informe que reporta @target es falso", "Me niego a denunciar a @target", "¿Denunciar a @target? Ni loco", "No hay que denunciar a @target",
    ],
    "fr": [
        "Ne signalez pas @target", "Arrêtez de signaler @target", "Ils appellent à signaler @target", "« Signalez @target », a-t-elle écrit",
        "La police signale @target", "Personne ne doit signaler @target", "Il a signalé @target hier", "Pourquoi signaler @target ?", "Le rapport signale @target",
        "Inutile de signaler @target", "Ne jamais signaler @target", "On lui a demandé de signaler @target", "Il refuse de signaler @target", "Il dénonce @target",
        "Elle a menacé de signaler @target", "Marie signale @target au juge", "Rien à signaler @target", "La campagne pour signaler @target a échoué",
        "Les médias signalent @target", "Qui signale @target ?", "Ils disent : signalez @target", "Un incident à signaler, dit @target",
        "Nous n'allons pas signaler @target", "Le signalement de @target a été rejeté", "Je ne vais pas signaler @target",
        "J'ai signalé @target hier", "Ne pas signaler @target", "Faut-il signaler @target ?", "Il est interdit de signaler @target", "Le journal signale que @target part",
    ],
    "pt": [
        "Não denunciem @target", "Parem de denunciar @target", "Nunca denunciem @target", "Eles pedem que denunciem @target", "“Denunciem @target”, disse ela",
        "Maria denuncia @target por fraude", "A denúncia de @target foi arquivada", "O ministro denunciou @target", "Por que denunciar @target?",
        "Quem denuncia @target?", "Ninguém vai denunciar @target", "Não vamos denunciar @target", "A campanha para denunciar @target falhou",
        "Ameaçou denunciar @target", "Foi denunciar @target à polícia", "Recusou-se a denunciar @target", "O jornal reporta @target", "Denúncia: @target recebeu dinheiro",
        "Obrigado pela denúncia @target", "Disseram para todos: denunciem @target", "Chamaram a denunciar @target", "@ana denuncia @target", "Partido denuncia @target",
        "Sem denunciar @target não dá, diz ele", "Não é preciso denunciar @target",
        "Ontem denunciaram @target", "Denunciar @target? Nem pensar", "Jamais denunciem @target", "O relatório reporta @target", "Não vou denunciar @target",
    ],
    "ar": [
        "لا تبلغوا عن @target", "توقفوا عن التبليغ عن @target", "يطالبون: بلغوا عن @target", "قال «بلغوا عن @target»", "لن نبلغ عن @target",
        "بلغ عدد القتلى @target عشرة", "طلبوا التبليغ عن @target", "يدعون إلى التبليغ عن @target", "لماذا التبليغ عن @target؟", "من بلغ عن @target؟",
        "حملة التبليغ عن @target فشلت", "رفض التبليغ عن @target", "تم التبليغ عن @target أمس", "هدد بالتبليغ عن @target", "قالوا إنه يجب الإبلاغ عن @target",
        "بلغ @target سن الرشد", "أبلغت الشرطة عن @target", "لم يبلغ عن @target أحد", "بدون تبليغ عن @target", "ما نبلغ عن @target",
        "عدم التبليغ عن @target أفضل", "يحرضون على التبليغ عن @target", "البلاغ ضد @target حفظ", "شكرا على البلاغ @target", "لا داعي للتبليغ عن @target",
        "أمس بلغ عدد الضحايا @target مئة", "هل بلغت عن @target؟", "ليس من اللازم التبليغ عن @target", "نفى التبليغ عن @target", "لم أبلغ عن @target",
    ],
}  # fmt: skip

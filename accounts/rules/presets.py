"""How well-known systems export what this room takes (INTAKE.md, Files), and other names of its columns. Pure.

What looks like a field of ours and is not, is kept as a field of its own: HubSpot's “Annual Revenue” is what the
customer sells, not what we earn of it; an owner's name is no log-in.
"""

from __future__ import annotations

from intake.rules import Preset

ACCOUNT_NAMES = {
    "account_id": ("id", "company id", "customer id", "customer number", "account number", "account key", "org id"),
    "name": ("company", "company name", "customer", "customer name", "account", "organisation", "organization"),
    "domain": ("website", "company domain name", "company domain", "url", "web site", "email domain"),
    "segment": ("industry", "vertical"),
    "tier": ("plan", "customer tier", "account tier", "service tier", "service level"),
    "region": ("territory", "country", "billing country", "geo", "country region", "sales region"),
    "stage": ("lifecycle stage", "lifecycle", "customer stage"),
    "arr": ("annual recurring revenue", "contract value", "annual contract value", "acv", "total arr", "current arr",
            "arr usd", "recurring revenue"),
    "arr_currency": ("currency code", "currency iso code"),
    "renews_on": ("renewal date", "renewal", "next renewal date", "next renewal", "contract end", "contract end date",
                  "renewal on", "contract renewal date", "contract renewal", "subscription renewal date",
                  "subscription end date", "renewal due date"),
    "customer_since": ("start date", "customer start date", "become a customer date", "original contract date"),
    "parent": ("parent account id", "parent company id", "parent external id"),
    "phone": ("phone number", "telephone", "main phone"),
    "street": ("street address", "address", "address line 1", "billing street"),
    "postcode": ("postal code", "zip", "zip code", "post code", "billing postal code"),
    "city": ("town", "suburb", "billing city"),
    "born_on": ("date of birth", "birth date", "birthday", "dob"),
    "tax_id": ("tax number", "vat number", "vat id", "tin", "ein", "social security number"),
    "csm": ("csm email", "customer success manager", "success manager", "csm owner", "company owner", "account owner",
            "account manager", "customer owner"),
    "account_executive": ("ae", "account executive email", "sales owner"),
}  # fmt: skip
# What a company earns, most often; what it pays us a year, now and then.
ACCOUNT_DOUBTS = {"arr": ("annual revenue", "yearly revenue", "revenue")}
# What a contract brings in all, most often.
CONTRACT_DOUBTS = {"arr": ("amount", "value", "contract value", "contract amount", "total", "total value", "tcv")}
ABOUT_NAMES = {
    "account_id": ("customer id", "company id", "organisation id", "organization id", "account external id",
                   "customer number", "customer no", "account number", "client id"),
    "account_domain": ("company domain", "requester domain", "company domain name"),
}  # fmt: skip
# Of these the first that a row has names its account.
ACCOUNT_BY = {"account": ("id", "external_id", "domain")}
ORDER_NAMES = {
    "order_id": ("order no", "order number", "order", "sales order", "invoice id", "invoice no", "invoice number",
                 "transaction id"),
    "ordered_on": ("order date", "invoice date", "purchase date", "transaction date", "payment date", "paid on",
                   "ordered at", "date"),
    "amount": ("total", "total amount", "net amount", "net", "net total", "order total", "order value", "order amount",
               "invoice amount"),
    "currency": ("currency code",),
    "units": ("quantity", "qty"),
    "status": ("order status", "payment status", "invoice status"),
}  # fmt: skip
HAPPENED = ("created at", "created", "date", "created on", "opened", "submitted at")

HUBSPOT = Preset(
    "HubSpot",
    signature=(("Record ID",), ("Company name", "Company Domain Name")),
    columns={
        "Record ID": "account_id", "Company name": "name", "Name": "name", "Company Domain Name": "domain",
        "Lifecycle Stage": "stage", "Industry": "segment", "Country/Region": "region",
        "Become a Customer Date": "customer_since", "Annual Revenue": "fields.annual_revenue",
        "Number of Employees": "fields.number_of_employees", "Company owner": "csm",
        "City": "city", "Street Address": "street", "Postal Code": "postcode", "Phone Number": "phone",
        "Type": "fields.type", "Create Date": "fields.created_in_hubspot",
        "Last Activity Date": "fields.last_activity",
    },
)  # fmt: skip
SALESFORCE_API = Preset(
    "Salesforce",
    signature=(("Id",), ("Name",), ("OwnerId",), ("BillingCity", "BillingCountry", "MasterRecordId", "AccountNumber")),
    columns={
        "Id": "account_id", "Name": "name", "ParentId": "parent", "Website": "domain", "Industry": "segment",
        "BillingCountry": "region", "OwnerId": "fields.salesforce_owner_id", "Type": "fields.type",
        "MasterRecordId": "fields.master_record_id", "AnnualRevenue": "fields.annual_revenue",
        "NumberOfEmployees": "fields.number_of_employees", "BillingCity": "city", "BillingStreet": "street",
        "BillingPostalCode": "postcode", "Phone": "phone",
        "ARR__c": "arr", "Tier__c": "tier", "Renewal_Date__c": "renews_on", "CurrencyIsoCode": "arr_currency",
    },
)  # fmt: skip
SALESFORCE_REPORT = Preset(
    "Salesforce report",
    signature=(("Account Name",), ("Account ID", "Account: ID"), ("Account Owner", "Billing State/Province")),
    columns={
        "Account ID": "account_id", "Account: ID": "account_id", "Account Name": "name", "Website": "domain",
        "Industry": "segment", "Billing Country": "region", "Account Owner": "csm",
        "Annual Revenue": "fields.annual_revenue", "Type": "fields.type", "Parent Account ID": "parent",
        "Billing City": "city", "Billing Street": "street", "Billing Zip/Postal Code": "postcode", "Phone": "phone",
        "Billing State/Province": "fields.state",
    },
)  # fmt: skip
STRIPE_CUSTOMERS = Preset(
    "Stripe customers",
    signature=(("id",), ("Email",), ("Created (UTC)",), ("Delinquent", "Card ID", "Total Spend", "Default Source")),
    columns={
        "id": "account_id", "Name": "name", "Description": "fields.stripe_description", "Email": "fields.billing_email",
        "Created (UTC)": "customer_since", "Plan": "tier", "Status": "fields.stripe_status",
        "Delinquent": "fields.delinquent", "Total Spend": "fields.total_spend", "Country": "region",
    },
)  # fmt: skip
STRIPE_SUBSCRIPTIONS = Preset(
    "Stripe subscriptions",
    signature=(("id",), ("Customer ID",), ("Current Period Start (UTC)",), ("Current Period End (UTC)",)),
    columns={
        "id": "contract_id", "Customer ID": "account_id", "Current Period Start (UTC)": "starts_on",
        "Current Period End (UTC)": "ends_on", "Ended At (UTC)": "ended_early_on",
        "Canceled At (UTC)": "ended_early_on",
    },
)  # fmt: skip
STRIPE_PAYMENTS = Preset(
    "Stripe payments",
    signature=(("id",), ("Created (UTC)", "Created date (UTC)"), ("Amount",), ("Amount Refunded", "Captured"),
               ("Customer ID",)),
    columns={
        "id": "order_id", "Created (UTC)": "happened_on", "Created date (UTC)": "happened_on", "Amount": "amount",
        "Currency": "currency", "Customer ID": "account_id", "Status": "status",
    },
)  # fmt: skip
ZENDESK = Preset(
    "Zendesk",
    signature=(("Summation column",), ("Requester domain",)),
    columns={
        "Id": "ticket_id", "Requester domain": "account_domain", "Requester email": "requester", "Subject": "subject",
        "Status": "status", "Priority": "priority", "Created at": "opened_at", "Solved at": "solved_at",
        "Satisfaction Score": "rating", "Tags": "tags", "Via": "channel",
    },
)  # fmt: skip
INTERCOM = Preset(
    "Intercom",
    signature=(("Conversation started at", "Conversation started"), ("Conversation ID", "Id")),
    columns={
        "Conversation ID": "conversation_id", "Id": "conversation_id", "Conversation started at": "started_at",
        "User email": "account_domain", "Email": "account_domain", "Company ID": "",
        "Conversation state": "status", "State": "status", "Channel": "channel", "Subject": "subject",
        "Conversation rating": "rating", "Rating": "rating", "Conversation tags": "tags", "Tags": "tags",
        "First message": "body",
    },
)  # fmt: skip
CHURNZERO = Preset(
    "ChurnZero",
    signature=(("accountExternalId",), ("name",), ("nextRenewalDate", "totalContractAmount", "licenseCount")),
    columns={
        "accountExternalId": "account_id", "name": "name", "nextRenewalDate": "renews_on",
        "totalContractAmount": "arr", "startDate": "customer_since", "parentAccountExternalId": "parent",
        "ownerUserAccount": "csm", "licenseCount": "fields.license_count", "isActive": "fields.is_active",
    },
)  # fmt: skip
GAINSIGHT = Preset(
    "Gainsight",
    signature=(("Company Id (GSID)", "GSID"), ("ARR", "CSM", "Renewal Date")),
    columns={
        "Company Id (GSID)": "account_id", "GSID": "account_id", "Company Name": "name", "Name": "name", "ARR": "arr",
        "CSM": "csm", "Renewal Date": "renews_on", "Stage": "stage", "Status": "fields.status", "NPS®": "fields.nps",
        "Industry": "segment", "Users": "fields.users", "Original Contract Date": "customer_since",
        "Parent Company": "fields.parent_company",
    },
)  # fmt: skip
ACCOUNTS = (HUBSPOT, SALESFORCE_API, SALESFORCE_REPORT, STRIPE_CUSTOMERS, CHURNZERO, GAINSIGHT)
